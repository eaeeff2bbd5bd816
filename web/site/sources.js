// Ways to a video: each opens an address, and says which headers go with a request.
import { Problem } from "./problem.js";

/**
 * @typedef {object} Source
 * @property {() => Promise<{ url: string, query: string | null, expires: number }>} open gets the multivariant playlist's address, afresh, what opens the pictures, and until when
 * @property {(url: string) => object} headersFor the headers of a request
 * @property {boolean} canRenew whether opening again gets something new
 */

/** Through CloudFront: a ticket once, and no token after that. */
export const throughEdge = (server, id) => ({ canRenew: true, open: () => server.ticket(id), headersFor: () => ({}) });

/** Through the gateway: playlists with the token in a header, which must not go to anyone else; media through CloudFront all the same. */
export function throughGateway(server, id) {
  let token = "";
  return {
    canRenew: true,
    async open() {
      const { query, expires } = await server.ticket(id); // renews a token that has run out
      token = await server.tokens.current();
      return { url: server.playlistAddress(id), query, expires };
    },
    headersFor: url => url.startsWith(`${server.gateway}/`) ? { Authorization: `Bearer ${token}` } : {},
  };
}

/** By a link that someone shared: it ends when it ends. */
export const throughLink = link => ({
  canRenew: false,
  async open() {
    if (Date.now() >= link.until * 1000) throw ended();
    return { url: link.url, query: link.query, expires: link.until };
  },
  headersFor: () => ({}),
});

export const ended = () => new Problem("ended", "This link has ended.");
export const spoiled = () => new Problem("not-allowed", "This link is not complete, or it was changed. Ask for it again.");
