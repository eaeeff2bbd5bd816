// The list of videos, the newest first.
import { clock, percent } from "./format.js";

const refreshEvery = 3000; // ms, while a video is being ingested

export class Library {
  #cards = new Map();
  #next = null;
  #timer = 0;

  constructor(elements, server, actions) {
    Object.assign(this, elements); // list, empty, more
    this.server = server;
    this.actions = actions; // play(video), share(video), remove(video), fail(problem)
    this.more.onclick = () => this.#load(this.#next);
  }

  async refresh() {
    clearTimeout(this.#timer);
    await this.#load(null);
  }

  async #load(after) {
    try {
      const page = await this.server.videos(after);
      const cards = page.videos.map(video => this.#cardFor(video));
      const first = cards[0];
      if (after === null) this.list.replaceChildren(...cards);
      else this.list.append(...cards);
      if (after !== null) first?.querySelector("button")?.focus();
      this.#next = page.next ?? null;
      this.more.hidden = this.#next === null;
      this.empty.hidden = this.list.childElementCount > 0;
      if (page.videos.some(isBeingMade)) this.#timer = setTimeout(() => this.refresh(), refreshEvery);
    } catch (error) {
      this.actions.fail(error);
    }
  }

  /** Rebuilds a card only if its video changed, so that pictures and focus stay. */
  #cardFor(video) {
    const known = this.#cards.get(video.id);
    const mark = `${video.state} ${video.progress} ${video.playable} ${video.error ?? ""}`;
    if (known?.mark === mark) return known.card;
    const card = this.#makeCard(video);
    this.#cards.set(video.id, { mark, card });
    return card;
  }

  #makeCard(video) {
    const { actions } = this;
    const title = video.title ?? "Untitled";
    const card = element("li", { className: "card" });
    const picture = element("div", { className: "picture" });
    const name = element("h3", { textContent: title });
    const buttons = element("div", { className: "actions" });
    card.append(picture, name);
    const isReady = video.state === "ready"; // a version before 0.2.0 does not say that it is playable
    if (isReady || video.playable) {
      picture.append(element("button", { id: `play-${video.id}`, type: "button", className: "cover", ariaLabel: `Play ${title}`, onclick: () => actions.play(video) }), element("span", { className: "duration", textContent: clock(video.duration) }));
      this.#addPoster(picture, video);
      for (const { kind, language, reason } of video.skipped ?? [])
        card.append(element("p", { className: "faint", textContent: `Without ${language ? `${kind} (${language})` : kind}: ${reason}` }));
      buttons.append(element("button", { type: "button", className: "quiet", textContent: "Share", ariaLabel: `Share ${title}`, onclick: () => actions.share(video) }));
    }
    if (isBeingMade(video) && video.playable) {
      card.append(element("p", { className: "faint", textContent: `More qualities are coming: ${percent(video.progress)}` }));
    } else if (!isReady) {
      card.append(element("p", { className: video.state === "failed" ? "fault" : "faint", textContent: video.state === "failed" ? video.error ?? "This video could not be made." : `${stateWords[video.state]} ${percent(video.progress)}` }));
    }
    buttons.append(element("button", { type: "button", className: "quiet", textContent: "Delete", ariaLabel: `Delete ${title}`, onclick: () => actions.remove(video) }));
    card.append(buttons);
    return card;
  }

  async #addPoster(picture, video) {
    if (!video.poster) return;
    try {
      const { url, query } = await this.server.ticket(video.id);
      if (query) picture.prepend(element("img", { src: `${new URL(`/${video.poster}`, url)}?${query}`, alt: "", loading: "lazy", onerror() { this.remove(); } }));
    } catch {
      // A missing picture must not break the list.
    }
  }
}

const stateWords = { receiving: "Receiving", probing: "Checking", transcoding: "Transcoding", publishing: "Publishing" };
const isBeingMade = video => video.state in stateWords;

function element(name, properties) {
  return Object.assign(document.createElement(name), properties);
}
