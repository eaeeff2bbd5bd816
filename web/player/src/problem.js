// What can go wrong while a video is watched, as sentences for people.

/** Something that went wrong. The kind is for code; the message is for people. */
export class Problem extends Error {
  /**
   * @param {string} kind of a player: "expired", "revoked", "not-allowed", "missing", "unreachable", "server" or "cannot-play"
   * @param {string} message one or two sentences
   * @param {number} [retryAfter] seconds until it makes sense to try again
   */
  constructor(kind, message, retryAfter) {
    super(message);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

export const expired = () => new Problem("expired", "Your access to this video has ended.");
export const revoked = () => new Problem("revoked", "Your access to this video was withdrawn.");
export const notAllowed = () => new Problem("not-allowed", "You are not allowed to watch this.");
export const missing = () => new Problem("missing", "This video is not there any more.");
export const unreachable = () => new Problem("unreachable", "The server cannot be reached. Check your connection.");
export const serverFailed = () => new Problem("server", "The server has a problem of its own. Try again in a while.");
export const cannotPlay = () => new Problem("cannot-play", "This browser cannot play this video.");

/** The "detail" of a problem document (RFC 9457), or "" when it is something else. */
export function detailOf(body) {
  try {
    return JSON.parse(body).detail ?? "";
  } catch {
    return ""; // a gateway's or a proxy's own words
  }
}
