// The list of videos, the newest first or in another order, or those that were searched for.
import { cardOf } from "./card.js";

const pageSize = 12;
const longestPage = 100; // of the function
const refreshEvery = { page: 3000, all: 15_000 }; // ms, while a video is being made

const orders = {
  newest: null, // as the function has them
  oldest: (one, other) => one.created.localeCompare(other.created),
  title: (one, other) => (one.title ?? "").localeCompare(other.title ?? "", undefined, { numeric: true, sensitivity: "base" }),
  longest: (one, other) => (other.duration ?? 0) - (one.duration ?? 0),
  largest: (one, other) => (other.size ?? 0) - (one.size ?? 0),
};

export class Library {
  #cards = new Map();
  #loading = null;
  #shown = pageSize;
  #timer = 0;
  #videos = [];
  #hasMore = false;

  /** @param {import("./card.js").Actions & { fail(problem) }} actions */
  constructor(elements, server, actions) {
    Object.assign(this, elements); // list, empty, more, search, sort
    this.server = server;
    this.actions = actions;
    this.more.onclick = () => this.#showMore();
    this.search.oninput = this.sort.onchange = () => this.#arrange();
  }

  /** Loads again as many videos as are shown, or all if they are searched or sorted. */
  refresh() { return this.#load(this.#needsAll ? Infinity : this.#shown); }

  get #needsAll() { return this.search.value.trim() !== "" || this.sort.value !== "newest"; }

  async #showMore() {
    const last = this.list.lastElementChild;
    this.#shown += pageSize;
    if (this.#needsAll) this.#show();
    else await this.refresh();
    last?.nextElementSibling?.querySelector("button")?.focus();
  }

  async #arrange() {
    this.#shown = pageSize;
    if (this.#needsAll && this.#hasMore) await this.refresh();
    else this.#show();
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
      [this.#videos, this.#hasMore] = [videos, next !== null];
      this.#show();
      if (videos.some(isBeingMade)) this.#timer = setTimeout(() => this.refresh(), refreshEvery[count === Infinity ? "all" : "page"]);
    } catch (error) {
      if (load === this.#loading) this.actions.fail(error);
    }
  }

  #show() {
    const words = this.search.value.trim().toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const found = this.#videos.filter(video => words.every(word => (video.title ?? "Untitled").toLocaleLowerCase().includes(word)));
    const order = orders[this.sort.value];
    if (order) found.sort(order);
    this.#showCards(found.slice(0, this.#shown));
    this.more.hidden = found.length <= this.#shown && !(this.#hasMore && !this.#needsAll);
    this.empty.hidden = found.length > 0;
    this.empty.textContent = words.length ? "No title has these words." : "Nothing here yet. What you upload appears here.";
  }

  /** Cards that stay are not touched, so that the focus stays where it is. */
  #showCards(videos) {
    const cards = videos.map(video => this.#cardFor(video));
    for (const card of [...this.list.children]) if (!cards.includes(card)) card.remove();
    cards.forEach((card, place) => { if (this.list.children[place] !== card) this.list.insertBefore(card, this.list.children[place] ?? null); });
  }

  /** Rebuilds a card only if its video changed, so that pictures and focus stay. */
  #cardFor(video) {
    const known = this.#cards.get(video.id);
    const mark = [video.state, video.progress, video.playable, video.title, video.error, video.poster].join("\n");
    if (known?.mark === mark) return known.card;
    const card = cardOf(video, this.server, this.actions);
    this.#cards.set(video.id, { mark, card });
    return card;
  }
}

const isBeingMade = ({ state }) => state !== "ready" && state !== "failed";
