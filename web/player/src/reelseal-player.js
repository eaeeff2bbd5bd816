// <reelseal-player video="…" ticket-url="…">: plays a private video, on any page.
import { Controls } from "./controls.js";
import { rememberPosition, rememberedPosition } from "./position.js";
import { cannotPlay } from "./problem.js";
import { loadStoryboard } from "./storyboard.js";
import { Stream } from "./stream.js";
import { template } from "./template.js";
import { ticketsBy, ticketsFrom } from "./tickets.js";

const mediaEvents = ["play", "playing", "pause", "waiting", "timeupdate", "durationchange", "loadedmetadata", "canplay", "progress", "seeking", "seeked", "ended", "volumechange", "ratechange"];
const kindsWithEvents = ["expired", "revoked", "unreachable"];
const repairable = ["unreachable", "server"];

/**
 * A media element for one video. It fires the events of a media element; "error" when playback ends for a reason in `error`, and before it "expired", "revoked" or
 * "unreachable" if that is the reason; "incomplete" and "complete" when more qualities will come and when all are there.
 */
export class ReelsealPlayer extends HTMLElement {
  static observedAttributes = ["video", "ticket-url", "muted", "label"];
  #controls; #id = null; #stream = null; #source = null; #getTicket = null; #loading = false;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.append(template.content.cloneNode(true));
    const sheet = root.querySelector("link");
    sheet.onload = sheet.onerror = () => { root.getElementById("player").hidden = false; };
    this.#controls = new Controls(root);
    for (const type of mediaEvents) this.media.addEventListener(type, () => this.dispatchEvent(new Event(type)));
    for (const type of ["pause", "ended", "seeked"]) this.media.addEventListener(type, () => this.#remember());
    addEventListener("pagehide", () => this.#remember());
  }

  /** Why it does not play: { kind, message }, or null. */
  error = null;

  /** The video element inside. */
  get media() { return this.#controls.video; }

  /** Gets a ticket: an asynchronous function with the video's id. It is called again shortly before each ticket ends. */
  get getTicket() { return this.#getTicket; }
  set getTicket(get) { this.#getTicket = get; this.#loadSoon(); }

  /** In place of tickets: see Source in tickets.js. */
  get source() { return this.#source; }
  set source(source) { this.#source = source; this.#loadSoon(); }

  play() { return this.media.play(); }
  pause() { this.media.pause(); }
  get paused() { return this.media.paused; }
  get ended() { return this.media.ended; }
  get currentTime() { return this.media.currentTime; }
  set currentTime(seconds) { this.media.currentTime = seconds; }
  get duration() { return this.media.duration; }
  get buffered() { return this.media.buffered; }
  get volume() { return this.media.volume; }
  set volume(volume) { this.media.volume = volume; }
  get muted() { return this.media.muted; }
  set muted(muted) { this.media.muted = muted; }
  get playbackRate() { return this.media.playbackRate; }
  set playbackRate(rate) { this.media.playbackRate = rate; }

  focus(options) { this.#controls.player.focus(options); }

  attributeChangedCallback(name) {
    if (name === "muted") this.media.muted = this.hasAttribute("muted");
    else if (name === "label") this.#showLabel();
    else this.#loadSoon();
  }

  connectedCallback() {
    this.#showLabel();
    this.#loadSoon();
  }

  disconnectedCallback() { this.stop(); }

  /** Loads the video again, from its remembered place or the given one. */
  async load(position = undefined) {
    this.#loading = false;
    const id = this.getAttribute("video");
    const source = this.#source ?? (this.#getTicket && { getTicket: ticketsBy(this.#getTicket, id) })
      ?? (this.hasAttribute("ticket-url") && { getTicket: ticketsFrom(this.getAttribute("ticket-url").replace("{video}", id)) });
    this.stop();
    this.#id = id;
    if (!id || !source || !this.isConnected) return;
    const stream = this.#stream = new Stream(this.media, source);
    this.#controls.stream = stream;
    stream.addEventListener("problem", ({ detail }) => this.#fail(detail));
    stream.addEventListener("incomplete", () => this.dispatchEvent(new Event("incomplete")));
    stream.addEventListener("complete", () => {
      this.#showPictures(stream);
      this.dispatchEvent(new Event("complete"));
    });
    stream.addEventListener("restarting", () => { this.error = null; });
    try {
      await stream.start(position ?? (this.hasAttribute("remember") ? rememberedPosition(id) : 0));
      if (stream === this.#stream && this.hasAttribute("autoplay")) await this.play().catch(() => {}); // the button is there
    } catch (error) {
      if (stream === this.#stream) this.#fail(error);
    }
  }

  /** Stops and forgets what was loaded. */
  stop() {
    this.#remember();
    this.error = null;
    this.#stream = null;
    this.#controls.stream = null;
  }

  /** Several changes at once load once. */
  #loadSoon() {
    if (this.#loading || !this.isConnected) return;
    this.#loading = true;
    queueMicrotask(() => { if (this.#loading) this.load(); });
  }

  #fail(problem) {
    if (!problem.kind) {
      console.error(problem); // a fault of this module
      problem = cannotPlay();
    }
    this.error = problem;
    const stream = this.#stream;
    this.#controls.fail(problem.message, repairable.includes(problem.kind) ? () => stream.restart() : null);
    if (kindsWithEvents.includes(problem.kind)) this.dispatchEvent(new CustomEvent(problem.kind, { detail: problem }));
    this.dispatchEvent(new CustomEvent("error", { detail: problem }));
  }

  async #showPictures(stream) {
    const { poster } = stream;
    if (poster) this.media.poster = poster;
    const pictures = stream.addressOf("storyboard.vtt");
    if (!pictures) return;
    const storyboard = await loadStoryboard(pictures).catch(() => () => undefined);
    if (stream !== this.#stream) return;
    this.#controls.storyboard = seconds => {
      const picture = storyboard(seconds);
      const sprite = picture && stream.addressOf(picture.name);
      return sprite && { ...picture, sprite };
    };
  }

  #showLabel() {
    this.#controls.player.setAttribute("aria-label", ["Video player", this.getAttribute("label")].filter(Boolean).join(": "));
  }

  #remember() {
    if (this.hasAttribute("remember") && this.#stream && this.media.duration) rememberPosition(this.#id, this.media);
  }
}

customElements.define("reelseal-player", ReelsealPlayer);
