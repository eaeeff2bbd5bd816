// Where tickets come from. A ticket opens one video for a while: the signed address of its multivariant playlist, the query that opens everything else of it, and its end.
import { Problem, detailOf, expired, missing, notAllowed, revoked, serverFailed, unreachable } from "./problem.js";

/**
 * @typedef {{ url: string, query: string | null, expires: number }} Ticket as sign-playlist gives it; expires in seconds since the epoch
 * @typedef {object} Source
 * @property {() => Promise<Ticket>} getTicket gets a new ticket
 * @property {(url: string) => object} [headersFor] the headers of a request, if any has some; a browser that plays HLS itself cannot send them
 */

/** Tickets of an address that answers with one: an endpoint of yours that knows who may watch. */
export const ticketsFrom = address => async () => {
  let response;
  try {
    response = await fetch(address, { cache: "no-store", credentials: "same-origin" });
  } catch {
    throw unreachable();
  }
  if (!response.ok) throw refusal(response.status, detailOf(await response.text()));
  return response.json();
};

/** Tickets of a page's own function, which gets the video's id; null says that there are no more. Its errors may have a kind, as Problem has. */
export const ticketsBy = (get, video) => async () => {
  let ticket;
  try {
    ticket = await get(video);
  } catch (error) {
    if (error.kind) throw error;
    console.error(error);
    throw error instanceof TypeError ? unreachable() : notAllowed(); // fetch rejects with a TypeError when there is no answer
  }
  if (!ticket) throw expired();
  return ticket;
};

/** Tickets of a link that someone shared: again and again until the link ends or is revoked. */
export const ticketsOfLink = (gateway, { id, until, share }) => async () => {
  if (Date.now() >= until * 1000) throw linkEnded();
  try {
    return await ticketsFrom(`${gateway}/function/sign-playlist/videos/${id}?${new URLSearchParams({ until, share })}`)();
  } catch (error) {
    if (error.kind === "expired") throw linkEnded();
    if (error.kind === "revoked") throw new Problem("revoked", "This link was revoked. Ask for a new one.");
    if (error.kind === "not-allowed") throw new Problem("not-allowed", "This link is not complete, or it was changed. Ask for it again.");
    throw error;
  }
};

export const linkEnded = () => new Problem("expired", "This link has ended. Ask for a new one.");

function refusal(status, detail) {
  if (status === 401 || status === 410 || status === 403 && / ended/.test(detail)) return expired();
  if (status === 403) return / revoked/.test(detail) ? revoked() : notAllowed();
  return status === 404 ? missing() : serverFailed();
}
