// Watching one video: from the list, through the edge or the gateway, or by a link.
import { date } from "./format.js";
import { linkEnded } from "./player/tickets.js";
import { wait } from "./player/waiting.js";
import { spoiled, throughEdge, throughGateway, throughLink } from "./sources.js";

const lookEvery = 4; // s, at the status of a video that is not complete
const endsLink = ["expired", "revoked", "not-allowed"];

export class Watching {
  #video = null;
  #looking = null; // an AbortController while more qualities are being made
  #ending = 0;

  constructor(elements, tools, server, fail) {
    Object.assign(this, elements); // section, title, until, coming, close, player, ways
    this.tools = tools;
    this.server = server;
    this.fail = fail; // (problem)
    this.close.onclick = () => this.stop();
    this.ways.onchange = () => this.#changeWay();
    this.player.addEventListener("incomplete", () => this.#onIncomplete());
    this.player.addEventListener("complete", () => this.#onComplete());
    this.player.addEventListener("error", ({ detail }) => this.#onError(detail));
  }

  /** Plays a video of the list. */
  play(video) {
    this.#show(video, this.#sourceOf(video));
    this.player.setAttribute("autoplay", "");
  }

  /** Plays what a link leads to, and ends with it. Browsers do not start a sound that nobody asked for. */
  playLink(link) {
    if (link.isSpoiled) return this.fail(spoiled());
    if (link.share && Date.now() >= link.until * 1000) return this.#end();
    this.#show(link, link.share ? throughLink(this.server, link) : this.#sourceOf(link));
    this.close.hidden = true;
    if (!link.share) return;
    this.ways.hidden = true;
    this.until.hidden = false;
    this.until.textContent = `until ${date(link.until * 1000)}`;
    this.#endAt(link.until * 1000);
  }

  isOf = video => this.#video?.id === video.id;

  stop() {
    const { id } = this.#video;
    this.#hide();
    document.getElementById(`play-${id}`)?.focus();
  }

  /** Shows another title of the video that is watched. */
  rename(video) {
    if (this.isOf(video)) this.#showTitle(video.title);
  }

  #show(video, source) {
    this.#looking?.abort();
    this.#looking = null;
    this.fail(null);
    this.#video = video;
    this.section.hidden = false;
    this.coming.textContent = "";
    this.#showTitle(video.title ?? "Untitled");
    this.player.setAttribute("video", video.id);
    this.player.source = source;
    this.tools.show(video);
    this.player.focus({ preventScroll: true }); // so that its keys work
    const { top, bottom } = this.section.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight)
      this.section.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }

  #showTitle(title) {
    this.title.textContent = title;
    this.player.setAttribute("label", title);
    document.title = `${title} · Reelseal`;
  }

  #hide() {
    clearTimeout(this.#ending);
    this.#looking?.abort();
    this.#video = null;
    this.tools.hide();
    this.player.stop();
    this.section.hidden = true;
    document.title = "Reelseal";
  }

  #sourceOf(video) {
    const through = this.ways.querySelector(":checked").value === "gateway" ? throughGateway : throughEdge;
    return through(this.server, video.id);
  }

  async #changeWay() {
    const { player } = this;
    const [position, wasPlaying] = [player.currentTime, !player.paused];
    player.toggleAttribute("autoplay", wasPlaying);
    player.source = this.#sourceOf(this.#video);
    await player.load(position);
  }

  /** The page takes from the status what no playlist says: that the other qualities will not come. */
  async #onIncomplete() {
    const video = this.#video;
    this.coming.textContent = "More qualities are coming.";
    if (video.share) return; // a link opens no status
    this.#looking?.abort();
    const { signal } = this.#looking = new AbortController();
    try {
      for (;;) {
        await wait(lookEvery, signal);
        const status = await this.server.video(video.id).catch(() => ({}));
        signal.throwIfAborted();
        if (status.state !== "failed" && status.error) this.coming.textContent = status.error; // its worker is silent
        if (status.state === "failed") {
          this.coming.textContent = `The other qualities could not be made. ${status.error ?? ""}`.trim();
          return;
        }
      }
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  #onComplete() {
    if (this.#looking) this.tools.show(this.#video); // it was not complete before, and could not be changed
    this.#looking?.abort();
    this.#looking = null;
    this.coming.textContent = "";
  }

  /** The player says what is wrong; a link that opens nothing leaves no player. */
  #onError(problem) {
    if (!this.#video?.share || !endsLink.includes(problem.kind)) return;
    this.#hide();
    this.fail(problem);
  }

  /** What is in the buffer would play on for a while. */
  #endAt(time) {
    const left = time - Date.now();
    this.#ending = setTimeout(() => left > 2 ** 31 - 1 ? this.#endAt(time) : this.#end(), Math.max(0, Math.min(left, 2 ** 31 - 1)));
  }

  #end() {
    this.#hide();
    this.fail(linkEnded());
  }
}
