// The player's controls. What plays is a Stream; these are its buttons, sliders, menus and keys.
import { clock, spokenTime } from "./format.js";
import { keyActions } from "./keys.js";

export class Player {
  #stream = null;
  #storyboard = () => undefined;
  #restartingAt = null;

  constructor(elements) {
    Object.assign(this, elements); // player, video, state, play, mute, volume, seek, preview, time, quality, audio, subtitles, fullscreen
    this.#listenToVideo();
    this.#listenToControls();
  }

  /** Shows another stream; null for none. */
  set stream(stream) {
    this.#stream?.stop();
    this.#stream = stream;
    this.#storyboard = () => undefined;
    this.state.textContent = stream ? "Loading…" : "";
    this.seek.value = 0;
    for (const menu of [this.quality, this.audio, this.subtitles]) fill(menu, [], "");
    if (!stream) return;
    stream.addEventListener("tracks", () => this.#showTracks());
    stream.addEventListener("restarting", () => { this.#restartingAt = this.video.currentTime; this.state.textContent = "Loading…"; });
    stream.addEventListener("restarted", () => { this.#restartingAt = null; this.#showTime(); });
    stream.addEventListener("problem", event => { this.state.textContent = event.detail.message; });
  }

  set storyboard(pictureAt) { this.#storyboard = pictureAt; }

  togglePlay() {
    if (this.video.paused) this.video.play().catch(error => { if (error.name !== "AbortError") this.state.textContent = "Press play to start."; });
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
    const { video } = this;
    const showPlaying = () => {
      this.player.classList.toggle("playing", !video.paused);
      this.play.setAttribute("aria-label", video.paused ? "Play" : "Pause");
    };
    for (const event of ["play", "pause", "ended", "emptied"]) video.addEventListener(event, showPlaying);
    for (const event of ["timeupdate", "durationchange", "seeking"]) video.addEventListener(event, () => this.#showTime());
    for (const event of ["playing", "canplay", "seeked"]) video.addEventListener(event, () => { this.state.textContent = ""; });
    video.addEventListener("waiting", () => { this.state.textContent = "Loading…"; });
    video.addEventListener("volumechange", () => {
      const silent = video.muted || video.volume === 0;
      this.player.classList.toggle("silent", silent);
      this.mute.setAttribute("aria-label", silent ? "Unmute" : "Mute");
      this.volume.value = video.muted ? 0 : video.volume;
    });
    video.addEventListener("click", () => this.togglePlay());
    video.addEventListener("dblclick", () => this.toggleFullscreen());
  }

  #listenToControls() {
    const { video, seek, player } = this;
    this.play.onclick = () => this.togglePlay();
    this.mute.onclick = () => { video.muted = !video.muted; };
    this.volume.oninput = () => { video.muted = false; video.volume = Number(this.volume.value); };
    this.fullscreen.onclick = () => this.toggleFullscreen();
    this.quality.onchange = () => this.#stream.chooseQuality(this.quality.value);
    this.audio.onchange = () => this.#stream.chooseAudio(this.audio.value);
    this.subtitles.onchange = () => this.#stream.chooseSubtitles(this.subtitles.value);
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
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select")) return;
      if (event.target === this.volume && event.key.startsWith("Arrow")) return;
      if (event.target.closest("button") && event.key === " ") return; // it presses the button
      const action = keyActions[event.key.toLowerCase()];
      if (!action || !this.#stream) return;
      event.preventDefault();
      action(this);
    });
  }

  #showTime() {
    const { video, seek } = this;
    const [now, duration] = [this.#restartingAt ?? video.currentTime, Number.isFinite(video.duration) ? video.duration : Number(seek.max)];
    seek.max = duration;
    seek.value = now;
    seek.style.setProperty("--played", `${duration ? 100 * now / duration : 0}%`);
    seek.setAttribute("aria-valuetext", `${spokenTime(now)} of ${spokenTime(duration)}`);
    this.time.textContent = `${clock(now)} / ${clock(duration)}`;
  }

  #showTracks() {
    const { quality, audio, subtitles, chosen } = this.#stream.tracks;
    fill(this.quality, quality, chosen.quality);
    fill(this.audio, audio, chosen.audio);
    fill(this.subtitles, subtitles, chosen.subtitles);
  }

  #showPreview(seconds) {
    const { preview, seek } = this;
    const [picture, caption] = preview.children;
    const cue = this.#storyboard(seconds);
    preview.hidden = !Number(seek.max);
    picture.hidden = !cue;
    caption.textContent = clock(seconds);
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

/** Fills a menu; hides it if there is no choice. */
function fill(menu, options, chosen) {
  menu.replaceChildren(...options.map(({ value, label }) => new Option(label, value, false, value === chosen)));
  menu.closest("label").hidden = options.length === 0;
}
