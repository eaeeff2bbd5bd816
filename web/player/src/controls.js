// The player's controls. What plays is a Stream; these are its buttons, sliders, menus and keys.
import { clock, spokenTime } from "./format.js";
import { keyActions } from "./keys.js";

const speeds = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
const hideAfter = 3000; // ms without a sign of the viewer

export class Controls {
  #stream = null;
  #storyboard = () => undefined;
  #restartingAt = null;
  #hiding = 0;
  #pointer = "mouse";

  /** @param {ShadowRoot} root made from the template */
  constructor(root) {
    for (const element of root.querySelectorAll("[id]")) this[element.id] = element;
    this.state = this["player-state"];
    fill(this.speed, speeds.map(speed => ({ value: String(speed), label: speed === 1 ? "Normal" : `${speed}×` })), "1");
    this.pip.hidden = !(document.pictureInPictureEnabled && this.video.requestPictureInPicture);
    this.#listenToVideo();
    this.#listenToControls();
    this.#listenToViewer();
  }

  /** Shows another stream; null for none. */
  set stream(stream) {
    this.#stream?.stop();
    this.#stream = stream;
    this.#storyboard = () => undefined;
    this.#restartingAt = null;
    this.seek.value = this.seek.max = 0;
    this.player.classList.remove("started");
    this.video.removeAttribute("poster");
    this.say(stream ? "Loading…" : "");
    for (const choices of [this.quality, this.audio, this.subtitles, this.chapters]) fill(choices, [], "");
    this.marks.replaceChildren();
    this.chapter.textContent = "";
    this.#toggleMenu(false);
    if (!stream) return;
    stream.addEventListener("tracks", () => this.#showTracks());
    stream.addEventListener("restarting", () => { this.#restartingAt = this.video.currentTime; this.say("Loading…"); });
    stream.addEventListener("restarted", () => { this.#restartingAt = null; this.#showTime(); });
  }

  /** @param {(seconds: number) => object | undefined} pictureAt see storyboard.js */
  set storyboard(pictureAt) { this.#storyboard = pictureAt; }

  /** Shows a sentence over the picture. */
  say(text) {
    this.player.classList.remove("failed");
    this.again.hidden = true;
    if (this.state.textContent !== text) this.state.textContent = text;
  }

  /** Says why it does not play; with an action, the button for it. */
  fail(text, tryAgain) {
    this.say(text);
    this.player.classList.add("failed");
    this.again.hidden = !tryAgain;
    this.again.onclick = tryAgain;
  }

  togglePlay() {
    if (this.video.paused) this.video.play().catch(error => { if (error.name === "NotAllowedError") this.say("Press play to start."); });
    else this.video.pause();
  }

  seekTo(seconds) {
    this.video.currentTime = Math.max(0, Math.min(seconds, this.video.duration || 0));
    this.#showTime();
  }

  changeVolume(by) {
    this.video.muted = false;
    this.video.volume = Math.max(0, Math.min(1, this.video.volume + by));
  }

  changeSpeed(by) {
    this.video.playbackRate = speeds[Math.max(0, Math.min(speeds.length - 1, speeds.indexOf(this.video.playbackRate) + by))];
  }

  toggleSubtitles() {
    const options = [...this.subtitles.options].map(option => option.value);
    if (options.length < 2) return;
    this.subtitles.value = this.subtitles.value === "" ? options[1] : "";
    this.#stream.chooseSubtitles(this.subtitles.value);
  }

  toggleFullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (this.player.requestFullscreen) this.player.requestFullscreen().catch(() => {}); // the browser may refuse
    else this.video.webkitEnterFullscreen?.(); // on an iPhone only the video can be full screen
  }

  #listenToVideo() {
    const { video, player } = this;
    const showPlaying = () => {
      player.classList.toggle("playing", !video.paused);
      this.play.setAttribute("aria-label", video.paused ? "Play" : "Pause");
      this.#wake();
    };
    for (const event of ["play", "pause", "ended", "emptied"]) video.addEventListener(event, showPlaying);
    for (const event of ["timeupdate", "durationchange", "seeking", "progress"]) video.addEventListener(event, () => this.#showTime());
    for (const event of ["playing", "canplay", "seeked"]) video.addEventListener(event, () => { if (!player.classList.contains("failed")) this.say(""); });
    video.addEventListener("playing", () => player.classList.add("started"));
    video.addEventListener("waiting", () => { if (!player.classList.contains("failed")) this.say("Loading…"); });
    video.addEventListener("ratechange", () => { this.speed.value = String(video.playbackRate); });
    video.addEventListener("volumechange", () => {
      const silent = video.muted || video.volume === 0;
      player.classList.toggle("silent", silent);
      this.mute.setAttribute("aria-label", silent ? "Unmute" : "Mute");
      this.volume.value = video.muted ? 0 : video.volume;
      this.volume.style.setProperty("--played", `${100 * this.volume.value}%`);
    });
    video.addEventListener("click", () => {
      if (!this.menu.hidden) return this.#toggleMenu(false);
      if (this.#pointer !== "touch") return this.togglePlay();
      if (!video.paused) this.#hide(!player.classList.contains("idle")); // a finger that shows or hides the controls does not pause
      else this.togglePlay();
    });
    video.addEventListener("dblclick", () => this.toggleFullscreen());
  }

  #listenToControls() {
    const { video, seek, player } = this;
    this.play.onclick = this.start.onclick = () => this.togglePlay();
    this.mute.onclick = () => { video.muted = !video.muted; };
    this.volume.oninput = () => { video.muted = false; video.volume = Number(this.volume.value); };
    this.fullscreen.onclick = () => this.toggleFullscreen();
    document.addEventListener("fullscreenchange", () => {
      const isFull = player.getRootNode().fullscreenElement === player;
      player.classList.toggle("full", isFull);
      this.fullscreen.setAttribute("aria-label", isFull ? "Leave full screen" : "Full screen");
    });
    this.pip.onclick = () => document.pictureInPictureElement ? document.exitPictureInPicture() : video.requestPictureInPicture().catch(() => {});
    this.settings.onclick = () => this.#toggleMenu(this.menu.hidden);
    this.quality.onchange = () => this.#stream.chooseQuality(this.quality.value);
    this.audio.onchange = () => this.#stream.chooseAudio(this.audio.value);
    this.subtitles.onchange = () => this.#stream.chooseSubtitles(this.subtitles.value);
    this.speed.onchange = () => { video.playbackRate = Number(this.speed.value); };
    this.chapters.onchange = () => this.seekTo(Number(this.chapters.value));
    seek.oninput = () => {
      this.seekTo(Number(seek.value));
      this.#showPreview(Number(seek.value));
    };
    seek.onchange = seek.onblur = seek.onpointerleave = () => { this.preview.hidden = true; };
    seek.onpointermove = event => {
      if (event.pointerType === "touch" && event.buttons === 0) return;
      const box = seek.getBoundingClientRect();
      this.#showPreview(Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * Number(seek.max));
    };
    player.addEventListener("keydown", event => {
      if (event.key === "Escape" && !this.menu.hidden) {
        this.#toggleMenu(false);
        this.settings.focus();
      }
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select")) return;
      if (event.target === this.volume && event.key.startsWith("Arrow")) return;
      if (event.target.closest("button") && event.key === " ") return; // it presses the button
      const action = keyActions[event.key.toLowerCase()];
      if (!action || !this.#stream) return;
      event.preventDefault();
      action(this);
    });
  }

  // --- controls that hide

  #listenToViewer() {
    for (const event of ["pointermove", "pointerdown", "keydown", "focusin"]) this.player.addEventListener(event, ({ pointerType, type, target }) => {
      if (pointerType) this.#pointer = pointerType;
      if (pointerType !== "touch" || type === "pointermove" || target !== this.video) this.#wake();
    });
    this.player.addEventListener("pointerleave", ({ pointerType }) => { if (pointerType === "mouse" && this.menu.hidden) this.#hide(true); });
    this.player.addEventListener("focusout", ({ relatedTarget }) => { if (relatedTarget && !this.player.contains(relatedTarget)) this.#toggleMenu(false); });
  }

  #wake() {
    this.#hide(false);
    clearTimeout(this.#hiding);
    this.#hiding = setTimeout(() => this.#hide(true), hideAfter);
  }

  #hide(isIdle) {
    this.player.classList.toggle("idle", isIdle && !this.video.paused && this.menu.hidden);
  }

  #toggleMenu(isOpen) {
    this.menu.hidden = !isOpen;
    this.settings.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.menu.querySelector("label:not([hidden]) select")?.focus();
    this.#wake();
  }

  // --- what is shown

  #showTime() {
    const { video, seek } = this;
    const [now, duration] = [this.#restartingAt ?? video.currentTime, Number.isFinite(video.duration) ? video.duration : Number(seek.max)];
    const share = seconds => `${duration ? 100 * seconds / duration : 0}%`;
    seek.max = duration;
    seek.value = now;
    seek.style.setProperty("--played", share(now));
    seek.style.setProperty("--buffered", share(bufferedAfter(video, now)));
    const chapter = this.#stream?.chapters.findLast(({ start }) => start <= now + 0.1);
    seek.setAttribute("aria-valuetext", `${spokenTime(now)} of ${spokenTime(duration)}${chapter ? `, ${chapter.title}` : ""}`);
    this.time.textContent = `${clock(now)} / ${clock(duration)}`;
    this.chapter.textContent = chapter?.title ?? "";
    if (chapter && this.chapters.value !== String(chapter.start)) this.chapters.value = String(chapter.start);
  }

  #showTracks() {
    const { quality, audio, subtitles, chosen } = this.#stream.tracks;
    fill(this.quality, quality, chosen.quality);
    fill(this.audio, audio, chosen.audio);
    fill(this.subtitles, subtitles, chosen.subtitles);
    const { chapters } = this.#stream;
    if (this.chapters.length === chapters.length) return;
    fill(this.chapters, chapters.map(({ start, title }) => ({ value: String(start), label: `${clock(start)} ${title}` })), "");
    const showMarks = () => this.marks.replaceChildren(...chapters.filter(({ start }) => start > 0).map(({ start }) => {
      const mark = document.createElement("i");
      mark.style.left = `${100 * start / this.video.duration}%`;
      return mark;
    }));
    if (this.video.duration) showMarks();
    else this.video.addEventListener("durationchange", showMarks, { once: true });
    this.#showTime();
  }

  #showPreview(seconds) {
    const { preview, seek } = this;
    const [picture, caption] = preview.children;
    const cue = this.#storyboard(seconds);
    const chapter = this.#stream?.chapters.findLast(({ start }) => start <= seconds);
    preview.hidden = !Number(seek.max);
    picture.hidden = !cue;
    caption.textContent = [clock(seconds), chapter?.title].filter(Boolean).join(" · ");
    if (cue) {
      picture.style.width = `${cue.width}px`;
      picture.style.height = `${cue.height}px`;
      picture.style.backgroundImage = `url("${cue.sprite}")`;
      picture.style.backgroundPosition = `-${cue.x}px -${cue.y}px`;
    }
    const [half, width] = [preview.offsetWidth / 2, seek.clientWidth];
    const at = Math.max(half, Math.min(width - half, width * seconds / (Number(seek.max) || 1)));
    preview.style.left = `${at}px`;
  }
}

/** The end of what is loaded around a time. */
function bufferedAfter({ buffered }, time) {
  for (let i = 0; i < buffered.length; i++) if (buffered.start(i) <= time + 0.5 && time < buffered.end(i)) return buffered.end(i);
  return time;
}

/** Fills a menu; hides it if there is no choice. */
function fill(menu, options, chosen) {
  menu.replaceChildren(...options.map(({ value, label }) => new Option(label, value, false, value === chosen)));
  menu.closest("label").hidden = options.length === 0;
}
