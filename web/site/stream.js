// Plays a source in a video element: with hls.js, or by the browser itself if it does that well. When a signature expires, the stream opens its source again and continues at the same place.
import { Problem, unreachable } from "./problem.js";
import { wait } from "./waiting.js";

const hlsType = "application/vnd.apple.mpegurl";

/** Safari plays HLS itself, with tracks that a page can choose. Other browsers that do so do not let a page choose tracks. */
const playsItself = video => video.canPlayType(hlsType) !== "" && "audioTracks" in video;

/** In a multivariant playlist that will be replaced by one with more qualities. */
const stageOf = "reelseal.stage";
/** The folder of what a worker made: videos/{id}/{attempt}/{rendition}/playlist.m3u8 */
const attemptOf = hls => new URL(hls.levels[0].uri).pathname.split("/").at(-3);
const pauseBetweenLooks = looks => Math.min(3 + looks / 4, 15); // s: an hour's film takes its time

/**
 * Events: "tracks" when choices are known or changed, "problem" with the detail, "restarting" and "restarted" around a renewal,
 * "incomplete" when more qualities will come, and "complete" when the stream has moved to them.
 */
export class Stream extends EventTarget {
  #video; #source; #hls = null; #Hls = null;
  #next = null; // the player that will take over, while it loads its playlist
  #stopped = new AbortController();
  #chosen = { quality: "auto", audio: null, subtitles: null };
  #restarting = null;
  #renewedInVain = false;
  #hasForeignBuffer = false;

  constructor(video, source) {
    super();
    this.#video = video;
    this.#source = source;
  }

  /** The query for posters and storyboards; null while unknown, or if each URL is signed separately. */
  query = null;
  #expires = 0; // seconds since the epoch

  get hasExpired() { return Date.now() >= 1000 * this.#expires; }

  /** Gets a fresh query, for pictures after a long pause. */
  async renewQuery() {
    ({ query: this.query, expires: this.#expires } = await this.#source.open());
  }

  /** Opens the source and loads it; does not start playback. */
  async start(position = 0) {
    const { url, query, expires } = await this.#source.open();
    if (this.#stopped.signal.aborted) return;
    [this.query, this.#expires] = [query, expires];
    if (playsItself(this.#video) && !this.#source.needsHeaders) this.#startNative(url, position);
    else await this.#startHls(url, position);
  }

  stop() {
    this.#stopped.abort();
    this.#destroy();
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  /** Loads everything again and continues at the same place. */
  restart() {
    return this.#restarting ??= this.#restart().finally(() => { this.#restarting = null; });
  }

  /** The choices: lists of { value, label } and the chosen value of each. An empty list means no choice. */
  get tracks() {
    return this.#hls ? this.#hlsTracks() : this.#nativeTracks();
  }

  chooseQuality(value) {
    this.#chosen.quality = value;
    if (!this.#hls) return;
    this.#applyQuality();
    // What another player has buffered is not known to this one: the chosen quality would begin only after it.
    if (this.#hasForeignBuffer && value !== "auto") this.restart();
  }

  #applyQuality() {
    this.#hls.nextLevel = this.#hls.levels.findIndex(level => String(level.height) === this.#chosen.quality); // auto: -1
  }

  chooseAudio(value) {
    this.#chosen.audio = value;
    if (this.#hls) this.#hls.audioTrack = this.#hls.audioTracks.findIndex(track => track.name === value);
    else for (const track of this.#video.audioTracks ?? []) track.enabled = track.label === value;
  }

  chooseSubtitles(value) {
    this.#chosen.subtitles = value;
    if (this.#hls) this.#hls.subtitleTrack = this.#hls.subtitleTracks.findIndex(track => track.name === value); // none: -1
    else for (const track of this.#video.textTracks) track.mode = track.label === value ? "showing" : "disabled";
  }

  async #restart() {
    const video = this.#video;
    const [position, wasPaused] = [video.currentTime, video.paused];
    this.dispatchEvent(new Event("restarting"));
    this.#destroy();
    try {
      await this.start(position);
      if (!wasPaused) video.play().catch(() => {}); // the browser may ask for a click first
    } catch (error) {
      this.#tell(error);
    } finally {
      this.dispatchEvent(new Event("restarted"));
    }
  }

  /** A signature or token has expired: try again with new ones. If those are refused too, the cause is another. */
  #renew() {
    if (this.#restarting) return;
    if (!this.#source.canRenew || this.#renewedInVain) {
      this.#tell(new Problem("not-allowed", "You are not allowed to watch this."));
      return;
    }
    this.#renewedInVain = true;
    this.restart();
  }

  #tell(problem) {
    if (this.#stopped.signal.aborted) return;
    this.#hls?.stopLoad();
    this.dispatchEvent(new CustomEvent("problem", { detail: problem }));
  }

  // --- with hls.js

  async #startHls(url, position) {
    this.#Hls ??= (await import("./hls/hls.js")).default;
    const Hls = this.#Hls;
    if (this.#stopped.signal.aborted) return;
    if (!Hls.isSupported()) throw new Problem("cannot-play", "This browser cannot play this video.");
    const hls = this.#hls = this.#createHls({ startPosition: position });
    this.#hasForeignBuffer = false;
    hls.once(Hls.Events.MANIFEST_LOADED, (_, { sessionData }) => {
      if (sessionData?.[stageOf]) this.#awaitMore(hls);
      else this.dispatchEvent(new Event("complete"));
    });
    hls.loadSource(url);
    hls.attachMedia(this.#video);
  }

  #createHls(settings) {
    const Hls = this.#Hls;
    const hls = new Hls({
      workerPath: new URL("hls/hls.worker.js", import.meta.url).href, // its own file: a blob worker would need an exception in the page's Content-Security-Policy
      ...settings,
      maxMaxBufferLength: 30, // seconds: data that is loaded ahead but never watched costs money
      xhrSetup: (request, address) => {
        request.open("GET", address);
        for (const [name, value] of Object.entries(this.#source.headersFor(address))) request.setRequestHeader(name, value);
      },
    });
    hls.on(Hls.Events.ERROR, (_, data) => { if (hls === this.#hls) this.#onHlsError(data); });
    hls.on(Hls.Events.FRAG_BUFFERED, () => { this.#renewedInVain = false; });
    for (const event of ["MANIFEST_PARSED", "AUDIO_TRACKS_UPDATED", "SUBTITLE_TRACKS_UPDATED"])
      hls.on(Hls.Events[event], () => { if (hls === this.#hls) this.#applyChoices(); });
    for (const event of ["MANIFEST_PARSED", "AUDIO_TRACKS_UPDATED", "AUDIO_TRACK_SWITCHED", "SUBTITLE_TRACKS_UPDATED", "SUBTITLE_TRACK_SWITCH", "LEVEL_SWITCHED"])
      hls.on(Hls.Events[event], () => { if (hls === this.#hls) this.dispatchEvent(new Event("tracks")); });
    return hls;
  }

  #applyChoices() {
    const { quality, audio, subtitles } = this.#chosen;
    if (quality !== "auto") this.#applyQuality();
    if (audio !== null) this.chooseAudio(audio);
    if (subtitles !== null) this.chooseSubtitles(subtitles);
  }

  /** Looks again and again whether all qualities are there, and then moves to them. */
  async #awaitMore(hls) {
    this.dispatchEvent(new Event("incomplete"));
    const isOver = () => hls !== this.#hls;
    for (let looks = 0; !isOver(); looks++) {
      try {
        await wait(pauseBetweenLooks(looks), this.#stopped.signal);
        if (isOver()) return;
        const { url } = await this.#source.open();
        const answer = await fetch(url, { headers: this.#source.headersFor(url), signal: this.#stopped.signal });
        if (isOver()) return;
        if (answer.status === 404) return this.#tell(missing());
        const playlist = answer.ok ? await answer.text() : null;
        // When a worker dies, the next one begins again under another attempt, and what is playing grows no more.
        if (playlist && !(playlist.includes(`DATA-ID="${stageOf}"`) && playlist.includes(attemptOf(hls)))) return this.#moveTo(url, hls);
      } catch (error) {
        if (error.name === "AbortError") return;
        if (["missing", "ended", "not-allowed"].includes(error.kind)) return this.#tell(error.kind === "missing" ? missing() : error);
        // What plays goes on playing; the next look may succeed.
      }
    }
  }

  #destroy() {
    this.#hls?.destroy();
    this.#next?.destroy();
    this.#hls = this.#next = null;
  }

  /** Hands the video element over to a player of all qualities: playback goes on without a gap, and a pause stays one. */
  #moveTo(url, hls) {
    const video = this.#video;
    const next = this.#createHls({ startPosition: video.currentTime, abrEwmaDefaultEstimate: hls.bandwidthEstimate });
    this.#next = next;
    const lookAgain = () => {
      next.destroy();
      this.#next = null;
      this.#awaitMore(hls);
    };
    next.on(this.#Hls.Events.ERROR, (_, { fatal }) => { if (fatal && next === this.#next) lookAgain(); });
    next.once(this.#Hls.Events.MANIFEST_PARSED, (_, { sessionData }) => {
      const isIncomplete = sessionData?.[stageOf];
      if (isIncomplete && attemptOf(next) === attemptOf(hls)) return lookAgain(); // another edge still had the first playlist
      [this.#hls, this.#next] = [next, null];
      this.#hasForeignBuffer = true;
      this.#applyChoices();
      next.attachMedia(hls.transferMedia() ?? video);
      hls.destroy();
      this.dispatchEvent(new Event("tracks"));
      if (isIncomplete) this.#awaitMore(next);
      else this.dispatchEvent(new Event("complete"));
    });
    next.loadSource(url);
  }

  #onHlsError(data) {
    const status = data.response?.code ?? 0;
    if (status === 401 || status === 403) return this.#renew();
    if (!data.fatal) return;
    if (data.type === this.#Hls.ErrorTypes.NETWORK_ERROR) {
      if (status === 404) this.#tell(missing());
      else if (status >= 500) this.#tell(new Problem("server", "The server has a problem of its own. Try again in a while."));
      else this.#tell(unreachable());
    } else if (data.type === this.#Hls.ErrorTypes.MEDIA_ERROR && !this.#renewedInVain) {
      this.#renewedInVain = true; // reset as soon as something is buffered
      this.#hls.recoverMediaError();
    } else {
      this.#tell(new Problem("cannot-play", "This browser cannot play this video."));
    }
  }

  #hlsTracks() {
    const hls = this.#hls;
    const heights = [...new Set(hls.levels.map(level => level.height))].filter(Boolean).sort((one, other) => other - one);
    const playing = hls.levels[hls.currentLevel]?.height;
    const options = list => list.map(track => ({ value: track.name, label: track.name }));
    return {
      quality: heights.length < 2 ? [] : [{ value: "auto", label: playing ? `Auto (${playing}p)` : "Auto" }, ...heights.map(height => ({ value: String(height), label: `${height}p` }))],
      audio: hls.audioTracks.length < 2 ? [] : options(hls.audioTracks),
      subtitles: hls.subtitleTracks.length === 0 ? [] : [{ value: "", label: "Off" }, ...options(hls.subtitleTracks)],
      chosen: {
        quality: this.#chosen.quality,
        audio: this.#chosen.audio ?? hls.audioTracks[hls.audioTrack]?.name ?? "",
        subtitles: this.#chosen.subtitles ?? hls.subtitleTracks[hls.subtitleTrack]?.name ?? "",
      },
    };
  }

  // --- by the browser itself, which offers no choice of quality and reports no status codes

  #startNative(url, position) {
    const video = this.#video;
    const signal = this.#stopped.signal;
    const tracksChanged = () => this.dispatchEvent(new Event("tracks"));
    video.addEventListener("loadedmetadata", () => {
      if (position) video.currentTime = position;
      if (this.#chosen.audio !== null) this.chooseAudio(this.#chosen.audio);
      if (this.#chosen.subtitles !== null) this.chooseSubtitles(this.#chosen.subtitles);
      tracksChanged();
    }, { signal, once: true });
    video.addEventListener("playing", () => { this.#renewedInVain = false; }, { signal, once: true });
    video.addEventListener("error", () => {
      if (video.error?.code === MediaError.MEDIA_ERR_NETWORK || video.error?.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED) this.#renew();
      else this.#tell(new Problem("cannot-play", "This browser cannot play this video."));
    }, { signal, once: true });
    video.textTracks.addEventListener("addtrack", tracksChanged, { signal });
    video.src = url;
  }

  #nativeTracks() {
    const audio = [...this.#video.audioTracks ?? []];
    const words = [...this.#video.textTracks].filter(track => track.kind === "subtitles" || track.kind === "captions");
    const options = list => list.map(track => ({ value: track.label, label: track.label }));
    return {
      quality: [],
      audio: audio.length < 2 ? [] : options(audio),
      subtitles: words.length === 0 ? [] : [{ value: "", label: "Off" }, ...options(words)],
      chosen: { quality: "auto", audio: audio.find(track => track.enabled)?.label ?? "", subtitles: words.find(track => track.mode === "showing")?.label ?? "" },
    };
  }
}

const missing = () => new Problem("missing", "This video is not there any more.");
