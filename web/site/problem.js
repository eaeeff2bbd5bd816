// What can go wrong with the functions, as sentences for people.
import { Problem, detailOf } from "./player/problem.js";

export { Problem, unreachable } from "./player/problem.js";

const sentences = {
  400: ["malformed", "The server did not understand this page."],
  401: ["signed-out", "Your access has run out. Sign in again."],
  403: ["not-allowed", "You are not allowed to do this."],
  404: ["missing", "This is not there any more."],
  409: ["conflict", "This is being worked on already."],
  413: ["too-big", "This file is too big."],
  415: ["not-a-video", "This is not a video that can be used here."],
  422: ["undecodable", "This video is damaged or of a kind that cannot be read."],
  429: ["busy", "The server is busy with other videos."],
  501: ["not-in-parts", "This server takes no uploads in parts."],
};

/** Statuses whose own reason says all that there is to say. */
const selfExplaining = [409, 413, 415, 422];

/** Makes a problem of an unsuccessful answer, from our sentence and its own reason (RFC 9457, "detail"). */
export function refusal(status, body, retryAfter) {
  const [kind, sentence] = sentences[status] ?? ["server", "The server has a problem of its own. Try again in a while."];
  const detail = status === 401 ? "" : detailOf(body);
  const message = detail && selfExplaining.includes(status) ? detail : `${sentence} ${detail}`.trim();
  return new Problem(kind, message, Number(retryAfter) || undefined);
}
