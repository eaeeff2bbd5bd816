// Watching one video: from the list, through the edge or the gateway, or by a link.
import { date } from "./format.js";
import { ended, spoiled, throughEdge, throughGateway, throughLink } from "./sources.js";
import { loadStoryboard } from "./storyboard.js";
import { Stream } from "./stream.js";

export class Watching {
  #video = null;
  #stream = null;
  #ending = 0;

  constructor(elements, player, server, fail) {
    Object.assign(this, elements); // section, title, until, coming, close, ways
    this.player = player;
    this.server = server;
    this.fail = fail; // (problem, tryAgain)
    this.close.onclick = () => this.stop();
    this.ways.onchange = () => this.#open(player.video.currentTime, !player.video.paused);
  }

  /** Plays a video of the list. */
  async play(video) {
    this.#show(video);
    await this.#open(0, true);
  }

  /** Plays what a link leads to, and ends with it. */
  async playLink(link) {
    if (link.isSpoiled) return this.fail(spoiled());
    if (link.share && Date.now() >= link.until * 1000) return this.fail(ended());
    this.#show(link, link.share ? throughLink(this.server, link) : null);
    this.close.hidden = true;
    if (link.share) {
      this.ways.hidden = true;
      this.until.hidden = false;
      this.until.textContent = `until ${date(link.until * 1000)}`;
      this.#endAt(link.until * 1000);
    }
    await this.#open(0, false); // browsers do not start a sound that nobody asked for
  }

  isOf = video => this.#stream !== null && this.#video.id === video.id;

  stop() {
    clearTimeout(this.#ending);
    this.player.stream = null;
    this.#stream = null;
    this.section.hidden = true;
    document.getElementById(`play-${this.#video.id}`)?.focus();
  }

  #show(video, fixedSource = null) {
    this.#video = { ...video, fixedSource };
    this.section.hidden = false;
    this.coming.hidden = true;
    this.title.textContent = video.title ?? "Untitled";
    this.player.player.setAttribute("aria-label", `Video player: ${this.title.textContent}`);
    this.player.player.focus({ preventScroll: true }); // so that its keys work
    const { top, bottom } = this.section.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight)
      this.section.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }

  async #open(position, isPlaying) {
    const video = this.#video;
    const throughWay = this.ways.querySelector(":checked").value === "gateway" ? throughGateway : throughEdge;
    const stream = this.#stream = new Stream(this.player.video, video.fixedSource ?? throughWay(this.server, video.id));
    this.player.stream = stream;
    this.fail(null);
    stream.addEventListener("problem", ({ detail }) => this.#onProblem(detail));
    stream.addEventListener("incomplete", () => { this.coming.hidden = false; });
    stream.addEventListener("complete", () => this.#onComplete(stream));
    try {
      await stream.start(position);
    } catch (error) {
      this.#onProblem(error);
      return;
    }
    if (stream !== this.#stream) return;
    if (isPlaying) this.player.video.play().catch(() => {}); // the button is there
    if (stream.query) await this.#addPictures(stream, video);
  }

  /** All qualities are there, and so are the pictures. */
  async #onComplete(stream) {
    if (stream !== this.#stream || this.coming.hidden) return;
    this.coming.hidden = true;
    const video = this.#video;
    if (!video.fixedSource) Object.assign(video, await this.server.video(video.id).catch(() => ({})));
    if (stream === this.#stream && stream.query) await this.#addPictures(stream, video);
  }

  async #addPictures(stream, video) {
    const { poster, storyboard: cues } = video.fixedSource ? await video.fixedSource.pictures() : video;
    const addressOf = key => new URL(`/${key}`, location.origin).href;
    if (poster) this.player.video.poster = `${addressOf(poster)}?${stream.query}`;
    if (!cues) return;
    const storyboard = await loadStoryboard(addressOf(cues), stream.query).catch(() => () => undefined);
    if (stream === this.#stream) this.player.storyboard = signed(storyboard, stream);
  }

  #onProblem(problem) {
    const { fixedSource, until } = this.#video;
    if (fixedSource && problem.kind === "not-allowed") problem = Date.now() >= until * 1000 ? ended() : spoiled();
    if (!problem.kind) console.error(problem); // a fault of this page
    const canRetry = ["unreachable", "server", "signed-out"].includes(problem.kind);
    this.fail(problem, canRetry ? () => { this.fail(null); this.#stream.restart(); } : null);
  }

  /** What is in the buffer would play on for a while. */
  #endAt(time) {
    const left = time - Date.now();
    this.#ending = setTimeout(() => left > 2 ** 31 - 1 ? this.#endAt(time) : this.#end(), Math.max(0, Math.min(left, 2 ** 31 - 1)));
  }

  #end() {
    this.player.stream = null;
    this.section.hidden = true;
    this.fail(ended());
  }
}

/** A storyboard whose sprites carry the query of the moment; while a new one is being asked for, there is no picture. */
function signed(pictureAt, stream) {
  let asking = null;
  return seconds => {
    if (stream.hasExpired) {
      asking ??= stream.renewQuery().catch(() => {}).finally(() => { asking = null; });
      return undefined;
    }
    const picture = pictureAt(seconds);
    return picture && { ...picture, sprite: `${picture.sprite}?${stream.query}` };
  };
}
