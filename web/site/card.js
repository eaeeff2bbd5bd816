// A video in the list: its picture, what is known of it, and what can be done with it.
import { bytes, day, percent, timeLeft } from "./format.js";
import { menuOf } from "./menu.js";
import { clock } from "./player/format.js";

const stateWords = { receiving: "Receiving", probing: "Checking", transcoding: "Transcoding", publishing: "Publishing" };

/**
 * @typedef {object} Actions each with the video
 * @property {(video: object) => void} play
 * @property {(video: object) => void} share
 * @property {(video: object) => void} rename
 * @property {(video: object) => void} retry makes a failed one again
 * @property {(video: object) => void} remove
 */

/** @param {Actions} actions */
export function cardOf(video, server, actions) {
  const title = video.title ?? "Untitled";
  const isReady = video.state === "ready"; // a version before 0.2.0 does not say that it is playable
  const isFailed = video.state === "failed";
  const button = (word, action, className = "quiet") => element("button", { type: "button", className, textContent: word, ariaLabel: `${word} ${title}`, onclick: () => action(video) });

  const card = element("li", { className: isFailed ? "card failed" : "card" });
  const picture = element("div", { className: "picture" });
  const meta = [day(video.created), ...video.size ? [bytes(video.size)] : [], ...isReady ? [qualityOf(video)].filter(Boolean) : []].join(" · ");
  card.append(picture, element("h3", { textContent: title, dir: "auto" }), element("p", { className: "faint", textContent: meta }));
  const buttons = element("div", { className: "actions" });

  if (isReady || video.playable) {
    picture.append(
      element("button", { id: `play-${video.id}`, type: "button", className: "cover", ariaLabel: `Play ${title}`, onclick: () => actions.play(video) }),
      element("span", { className: "duration", textContent: clock(video.duration) }));
    if (video.poster) whenSeen(picture, () => addPoster(picture, video, server));
    buttons.append(button("Share", actions.share));
  } else {
    picture.append(element("span", { className: "mark", textContent: isFailed ? "Failed" : stateWords[video.state] ?? video.state }));
  }
  for (const { kind, language, reason } of video.skipped ?? [])
    card.append(element("p", { className: "faint", textContent: `Without ${language ? `${kind} (${language})` : kind}: ${reason}` }));
  if (isFailed || video.error) card.append(element("p", { className: "fault", textContent: video.error ?? "This video could not be made." }));
  if (isFailed) {
    buttons.append(button("Retry", actions.retry), button("Remove", actions.remove));
  } else {
    if (!isReady) card.append(progressOf(video, title));
    const more = element("button", { id: `more-${video.id}`, type: "button", className: "quiet more", ariaLabel: `More for ${title}` });
    buttons.append(more, menuOf(more, button("Rename", actions.rename), button("Delete", actions.remove)));
  }
  card.append(buttons);
  return card;
}

const qualityOf = ({ renditions = [] }) => {
  const height = Math.max(0, ...renditions.filter(({ type }) => type === "video").map(({ width, height: lines }) => Math.min(width, lines)));
  return height ? `${height}p` : "";
};

function progressOf(video, title) {
  const words = [
    video.playable ? "More qualities are coming" : stateWords[video.state] ?? video.state, percent(video.progress),
    ...video.remaining ? [`${timeLeft(video.remaining)} left`] : [],
  ].join(" · ");
  const box = element("div", { className: "making" });
  box.append(element("progress", { max: 1, value: video.progress, ariaLabel: `Progress of ${title}` }), element("p", { className: "faint", textContent: words }));
  return box;
}

/** A list may be long: a picture is loaded when it comes near the screen. */
const seen = new IntersectionObserver(entries => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    target.whenSeen();
  }
}, { rootMargin: "400px" });

function whenSeen(target, action) {
  target.whenSeen = action;
  seen.observe(target);
}

async function addPoster(picture, video, server) {
  try {
    const { url, query } = await server.ticket(video.id);
    if (query) picture.prepend(element("img", { src: `${new URL(`/${video.poster}`, url)}?${query}`, alt: "", onerror() { this.remove(); } }));
  } catch {
    // A missing picture must not break the list.
  }
}

function element(name, properties) {
  return Object.assign(document.createElement(name), properties);
}
