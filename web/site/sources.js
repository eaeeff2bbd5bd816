// Ways to a video: each opens an address, and says which headers go with a request.
import { Problem } from "./problem.js";

/**
 * @typedef {object} Source
 * @property {() => Promise<{ url: string, query: string | null, expires: number }>} open gets the multivariant playlist's address, afresh, what opens the pictures, and until when
 * @property {(url: string) => object} headersFor the headers of a request
 * @property {boolean} [needsHeaders] whether some requests have headers, which a browser that plays HLS itself cannot send
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
    needsHeaders: true,
    headersFor: url => url.startsWith(`${server.gateway}/`) ? { Authorization: `Bearer ${token}` } : {},
  };
}

/** By a link that someone shared: a ticket without a token, again and again until the link ends or is revoked. */
export function throughLink(server, link) {
  let url = "";
  return {
    canRenew: true,
    async open() {
      if (Date.now() >= link.until * 1000) throw ended();
      const ticket = await server.shared(link.id, link.until, link.share);
      url = ticket.url;
      return ticket;
    },
    headersFor: () => ({}),
    /** The keys of the video's pictures: a short link does not name them, but the playlist names their folder. */
    async pictures() {
      const playlist = await fetch(url).then(response => response.text(), () => "");
      const attempt = /^([^/#\n]+)\/.*\.m3u8/m.exec(playlist)?.[1];
      return attempt ? { poster: `videos/${link.id}/${attempt}/poster.jpg`, storyboard: `videos/${link.id}/${attempt}/storyboard.vtt` } : {};
    },
  };
}

export const ended = () => new Problem("ended", "This link has ended.");
export const spoiled = () => new Problem("not-allowed", "This link is not complete, or it was changed or revoked. Ask for it again.");
