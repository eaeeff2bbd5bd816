// Ways to a video: where its tickets come from, and which headers go with a request. See Source in player/tickets.js.
import { Problem } from "./problem.js";
import { ticketsOfLink } from "./player/tickets.js";

/** Through CloudFront: tickets for the token, and no token with what they open. */
export const throughEdge = (server, id) => ({ getTicket: () => server.ticket(id) });

/** Through the gateway: playlists with the token in a header, which must not go to anyone else; media through CloudFront all the same. */
export function throughGateway(server, id) {
  let token = "";
  return {
    async getTicket() {
      const ticket = await server.ticket(id); // renews a token that has run out
      token = await server.tokens.current();
      return { ...ticket, url: server.playlistAddress(id), mediaUrl: ticket.url };
    },
    headersFor: url => url.startsWith(`${server.gateway}/`) ? { Authorization: `Bearer ${token}` } : {},
  };
}

/** By a link that someone shared. */
export const throughLink = (server, link) => ({ getTicket: ticketsOfLink(server.gateway, link) });

export const spoiled = () => new Problem("not-allowed", "This link is not complete, or it was changed. Ask for it again.");
