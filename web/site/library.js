// The list of videos, the newest first.
import { clock, percent } from "./format.js";

const pageSize = 12;
const longestPage = 100; // of the function
const refreshEvery = 3000; // ms, while a video is being ingested

export class Library {
  #cards = new Map();
  #loading = null;
  #shown = 0;
  #timer = 0;

  constructor(elements, server, actions) {
    Object.assign(this, elements); // list, empty, more
    this.server = server;
    this.actions = actions; // play(video), share(video), remove(video), fail(problem)
    this.more.onclick = () => this.#showMore();
  }

  /** Loads again as many videos as are shown. */
  refresh() { return this.#load(Math.max(pageSize, this.#shown)); }

  async #showMore() {
    const last = this.list.lastElementChild;
    await this.#load(this.#shown + pageSize);
    last?.nextElementSibling?.querySelector("button")?.focus();
  }

  async #load(count) {
    clearTimeout(this.#timer);
    const load = this.#loading = {};
    try {
      const videos = [];
      let next = null;
      do {
        const page = await this.server.videos(next, Math.min(count - videos.length, longestPage));
        videos.push(...page.videos);
        next = page.next ?? null;
      } while (next && videos.length < count);
      if (load !== this.#loading) return; // a later one is on its way, or has answered
      this.#shown = count;
      this.#show(videos);
      this.more.hidden = next === null;
      if (videos.some(isBeingMade)) this.#timer = setTimeout(() => this.refresh(), refreshEvery);
    } catch (error) {
      if (load === this.#loading) this.actions.fail(error);
    }
  }

  /** Cards that stay are not touched, so that the focus stays where it is. */
  #show(videos) {
    const cards = videos.map(video => this.#cardFor(video));
    for (const card of [...this.list.children]) if (!cards.includes(card)) card.remove();
    cards.forEach((card, place) => { if (this.list.children[place] !== card) this.list.insertBefore(card, this.list.children[place] ?? null); });
    this.empty.hidden = cards.length > 0;
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
