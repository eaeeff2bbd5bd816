// Plays a video in a media element: with hls.js, or by the browser itself if it does that well.
// Every request carries a ticket that is good: shortly before one ends, the source is asked for the next.
import { cannotPlay, missing, notAllowed, revoked, serverFailed, unreachable } from "./problem.js";
import { wait } from "./waiting.js";

const hlsType = "application/vnd.apple.mpegurl";

/** Safari plays HLS itself, with tracks that a page can choose. Other browsers that do so do not let a page choose tracks. */
const playsItself = video => video.canPlayType(hlsType) !== "" && "audioTracks" in video;

/** In a multivariant playlist that will be replaced by one with more qualities. */
const stageOf = "reelseal.stage";
/** The folder of what a worker made, from the address of one of its playlists: videos/{id}/{attempt}/{rendition}/playlist.m3u8 */
const attemptOf = address => new URL(address).pathname.split("/").at(-3);
const pauseBetweenLooks = looks => Math.min(3 + looks / 4, 15); // s: an hour's film takes its time

const chaptersOf = "com.apple.hls.chapters"; // a JSON file, as Apple describes it
const posterOf = "reelseal.poster"; // the picture that was chosen for the video, if one was
const renewBefore = 30; // s before a ticket ends, or a quarter of its time
const fatalKinds = ["expired", "revoked", "not-allowed", "signed-out", "missing"];

/**
 * Events: "tracks" when choices are known or changed, "problem" with the detail, "restarting" and "restarted" around a reload,
 * "incomplete" when more qualities will come, and "complete" when all are there, at first or later.
 */
export class Stream extends EventTarget {
  #video; #source; #hls = null; #Hls = null;
  #next = null; // the hls.js that will take over, while it loads its playlist
  #ticket = null; #renewing = null; #wasAllowed = false; #folder = null; #poster = null;
  #stopped = new AbortController();
  #native = null; // aborts the listeners of the address that the browser plays itself
  #chosen = { quality: "auto", audio: null, subtitles: null };
  #restarting = null;
  #renewedInVain = false;
  #hasFailed = false; // what fails after that follows from it
  #hasForeignBuffer = false;

  /** @param {HTMLVideoElement} video @param {import("./tickets.js").Source} source */
  constructor(video, source) {
    super();
    this.#video = video;
    this.#source = source;
    this.#watchNetwork();
  }

  /** The source's chapters: a list of { start, title }, in seconds. */
  chapters = [];

  /** Loads the source; does not start playback. */
  async start(position = 0) {
    this.#hasFailed = false;
    const { url } = await this.#currentTicket();
    if (this.#stopped.signal.aborted) return;
    if (playsItself(this.#video) && !this.#source.headersFor) this.#startNative(url, position);
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

  /** The address of a file beside the renditions, such as the poster; undefined while unknown, or if each URL is signed separately. */
  addressOf(name) {
    const ticket = this.#ticket;
    if (!this.#folder || !ticket?.query) return undefined;
    if (isEnding(ticket)) {
      this.#currentTicket().catch(() => {});
      if (Date.now() >= ticket.expires * 1000) return undefined; // soon
    }
    return `${this.#folder}${name}?${this.#ticket.query}`;
  }

  /** The address of the poster: of the one that was chosen, or of the one that was made with the video. Undefined as for addressOf. */
  get poster() {
    return this.#poster && this.#ticket ? this.#signed(this.#poster, this.#ticket) : this.addressOf("poster.jpg");
  }

  // --- tickets

  async #currentTicket() {
    const ticket = this.#ticket;
    if (ticket && !isEnding(ticket)) return ticket;
    try {
      return await this.#renewTicket();
    } catch (error) {
      if (ticket && Date.now() < ticket.expires * 1000) return ticket; // still good; the next request asks again
      throw error;
    }
  }

  #renewTicket() {
    return this.#renewing ??= this.#source.getTicket().then(ticket => {
      const lifetime = ticket.expires * 1000 - Date.now();
      // This clock may be wrong by more than a ticket's life: then only a refusal shows that it has ended.
      const renewAt = lifetime > 0 ? ticket.expires * 1000 - Math.min(renewBefore * 1000, lifetime / 4) : Infinity;
      this.#wasAllowed = true;
      return this.#ticket = { ...ticket, renewAt };
    }).catch(error => {
      throw error.kind === "not-allowed" && this.#wasAllowed ? revoked() : error;
    }).finally(() => { this.#renewing = null; });
  }

  /** A request's address with the present signature: one signature covers a whole video. Addresses of playlists carry its end as well. */
  #signed(address, { url: entryAddress, query }) {
    const [url, entry] = [new URL(address), new URL(entryAddress)];
    const folder = /\/videos\/[^/]+\//.exec(entry.pathname)?.[0];
    if (query === null || !folder || !url.pathname.includes(folder)) return address;
    if (url.pathname.endsWith(".m3u8")) {
      if (url.origin === entry.origin) url.search = entry.search;
    } else if (url.searchParams.has("Key-Pair-Id")) {
      url.search = query;
    }
    return url.href;
  }

  // --- choices

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

  // --- problems

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

  /** A signature or token was refused: try again with new ones. If those are refused too, the cause is another. */
  #onRefused() {
    if (this.#restarting) return;
    if (this.#renewedInVain) return this.#tell(notAllowed());
    this.#renewedInVain = true;
    this.#ticket = null;
    this.restart();
  }

  #tell(problem) {
    if (this.#stopped.signal.aborted || this.#hasFailed) return;
    this.#hasFailed = true;
    this.#hls?.stopLoad();
    if (problem.kind === "unreachable") addEventListener("online", () => this.restart(), { once: true, signal: this.#stopped.signal });
    this.dispatchEvent(new CustomEvent("problem", { detail: problem }));
  }

  /** Players wait in silence while there is no network; a viewer who waits for it should know. */
  #watchNetwork() {
    const { signal } = this.#stopped;
    const look = () => setTimeout(() => {
      if (!navigator.onLine && this.#video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) this.#tell(unreachable());
    }, 500); // a seek within what is loaded takes a moment, too
    for (const type of ["waiting", "seeking"]) this.#video.addEventListener(type, look, { signal });
    addEventListener("offline", look, { signal });
  }

  /** A request failed without an answer. On another origin a refusal looks the same, because CloudFront's carry no CORS headers. */
  async #onNoAnswer(address) {
    const isForeign = address && new URL(address, location.href).origin !== location.origin;
    const isAnswered = isForeign && await fetch(address, { mode: "no-cors", cache: "no-store", signal: this.#stopped.signal }).then(() => true, () => false);
    if (isAnswered) return this.#onRefused();
    this.#tell(unreachable());
  }

  // --- with hls.js

  async #startHls(url, position) {
    this.#Hls ??= (await import("./hls/hls.js")).default;
    const Hls = this.#Hls;
    if (this.#stopped.signal.aborted) return;
    if (!Hls.isSupported()) throw cannotPlay();
    const hls = this.#hls = this.#createHls({ startPosition: position });
    this.#hasForeignBuffer = false;
    hls.once(Hls.Events.MANIFEST_LOADED, (_, data) => {
      this.#readPlaylist(data);
      if (data.sessionData?.[stageOf]) this.#awaitMoreThan(hls, data.levels[0].url);
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
      xhrSetup: async (request, address) => {
        const ticket = await this.#currentTicket().catch(error => { this.#tell(error); throw error; });
        request.open("GET", this.#signed(address, ticket));
        for (const [name, value] of this.#headersFor(address)) request.setRequestHeader(name, value);
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

  #headersFor = address => Object.entries(this.#source.headersFor?.(address) ?? {}).filter(([, value]) => value !== undefined);

  #applyChoices() {
    const { quality, audio, subtitles } = this.#chosen;
    if (quality !== "auto") this.#applyQuality();
    if (audio !== null) this.chooseAudio(audio);
    if (subtitles !== null) this.chooseSubtitles(subtitles);
  }

  /** Where the files beside the renditions are, the poster and the chapters. */
  #readPlaylist({ url, levels, sessionData }) {
    const attempt = /\/videos\/[^/]+\/[^/]+\//.exec(new URL(levels[0].url).pathname)?.[0];
    this.#folder = attempt ? new URL(attempt, this.#ticket.mediaUrl ?? this.#ticket.url).href : null;
    const poster = sessionData?.[posterOf]?.URI;
    this.#poster = poster ? new URL(poster, url).href : null;
    const chapters = sessionData?.[chaptersOf]?.URI;
    if (chapters) this.#readChapters(new URL(chapters, url).href);
  }

  async #readChapters(address) {
    try {
      const answer = await fetch(this.#signed(address, await this.#currentTicket()), { signal: this.#stopped.signal });
      const list = await answer.json();
      this.chapters = list.map(chapter => ({ start: chapter["start-time"], title: chapter.titles?.[0]?.title ?? `Chapter ${chapter.chapter}` }));
      this.dispatchEvent(new Event("tracks"));
    } catch {
      // It plays without.
    }
  }

  #awaitMoreThan(hls, playing) {
    this.#awaitMore(() => hls === this.#hls, attemptOf(playing), url => this.#moveTo(url, hls, playing));
  }

  /**
   * Looks again and again whether all qualities are there, and then moves to them.
   * @param {() => boolean} isCurrent whether the player that plays is still the one for which this looks
   * @param {string} attempt the folder of what plays
   * @param {(url: string) => void} move
   */
  async #awaitMore(isCurrent, attempt, move) {
    this.dispatchEvent(new Event("incomplete"));
    for (let looks = 0; isCurrent(); looks++) {
      try {
        await wait(pauseBetweenLooks(looks), this.#stopped.signal);
        if (!isCurrent()) return;
        const { url } = await this.#currentTicket();
        const answer = await fetch(url, { headers: this.#headersFor(url), signal: this.#stopped.signal });
        if (!isCurrent()) return;
        if (answer.status === 404) return this.#tell(missing());
        const playlist = answer.ok ? await answer.text() : null;
        // When a worker dies, the next one begins again under another attempt, and what is playing grows no more.
        if (playlist && !(playlist.includes(`DATA-ID="${stageOf}"`) && playlist.includes(attempt))) return move(url);
      } catch (error) {
        if (error.name === "AbortError") return;
        if (fatalKinds.includes(error.kind)) return this.#tell(error);
        // What plays goes on playing; the next look may succeed.
      }
    }
  }

  #destroy() {
    this.#hls?.destroy();
    this.#next?.destroy();
    this.#native?.abort();
    this.#hls = this.#next = null;
  }

  /** Hands the video element over to a player of all qualities: playback goes on without a gap, and a pause stays one. */
  #moveTo(url, hls, playing) {
    const video = this.#video;
    const { Events } = this.#Hls;
    const next = this.#createHls({ startPosition: video.currentTime, abrEwmaDefaultEstimate: hls.bandwidthEstimate });
    this.#next = next;
    const lookAgain = () => {
      next.destroy();
      this.#next = null;
      this.#awaitMoreThan(hls, playing);
    };
    next.on(Events.ERROR, (_, { fatal }) => { if (fatal && next === this.#next) lookAgain(); });
    next.once(Events.MANIFEST_PARSED, (_, { levels, sessionData }) => {
      const isIncomplete = sessionData?.[stageOf];
      const address = levels[0].uri;
      if (isIncomplete && attemptOf(address) === attemptOf(playing)) return lookAgain(); // another edge still had the first playlist
      [this.#hls, this.#next] = [next, null];
      this.#hasForeignBuffer = true;
      this.#applyChoices();
      next.attachMedia(hls.transferMedia() ?? video);
      hls.destroy();
      this.#readPlaylist({ url, levels: [{ url: address }], sessionData });
      this.dispatchEvent(new Event("tracks"));
      if (isIncomplete) this.#awaitMoreThan(next, address);
      else this.dispatchEvent(new Event("complete"));
    });
    next.loadSource(url);
  }

  #onHlsError(data) {
    if (this.#hasFailed) return;
    const status = data.response?.code ?? 0;
    if (status === 401 || status === 403) return this.#onRefused();
    if (!data.fatal) return;
    if (data.type === this.#Hls.ErrorTypes.NETWORK_ERROR) {
      if (status === 404) this.#tell(missing());
      else if (status >= 500) this.#tell(serverFailed());
      else this.#onNoAnswer(data.frag?.url ?? data.context?.url ?? data.url);
    } else if (data.type === this.#Hls.ErrorTypes.MEDIA_ERROR && !this.#renewedInVain) {
      this.#renewedInVain = true; // reset as soon as something is buffered
      this.#hls.recoverMediaError();
    } else {
      this.#tell(cannotPlay());
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

  // --- by the browser itself, which offers no choice of quality, reports no status codes and keeps the signatures that it began with

  #startNative(url, position) {
    const video = this.#video;
    this.#native = new AbortController();
    const signal = AbortSignal.any([this.#stopped.signal, this.#native.signal]);
    const tracksChanged = () => this.dispatchEvent(new Event("tracks"));
    video.addEventListener("loadedmetadata", () => {
      if (position) video.currentTime = position;
      if (this.#chosen.audio !== null) this.chooseAudio(this.#chosen.audio);
      if (this.#chosen.subtitles !== null) this.chooseSubtitles(this.#chosen.subtitles);
      tracksChanged();
    }, { signal, once: true });
    video.addEventListener("playing", () => { this.#renewedInVain = false; }, { signal, once: true });
    video.addEventListener("error", () => {
      const { code } = video.error ?? {};
      if (code === MediaError.MEDIA_ERR_NETWORK && !navigator.onLine) this.#onNoAnswer();
      else if (code === MediaError.MEDIA_ERR_NETWORK || code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED) this.#onRefused();
      else this.#tell(cannotPlay());
    }, { signal, once: true });
    video.textTracks.addEventListener("addtrack", tracksChanged, { signal });
    video.src = url;
    this.#followNative(url, signal);
  }

  /** Reads the playlist that the browser plays; one with more qualities is loaded at the same place. */
  async #followNative(url, signal) {
    const text = await fetch(url, { signal }).then(answer => answer.ok ? answer.text() : "", () => "");
    if (signal.aborted || !text) return;
    const playlist = /^[^#\s].*/m.exec(text)?.[0];
    if (!playlist) return;
    const address = new URL(playlist, url).href;
    const poster = new RegExp(`DATA-ID="${posterOf}",URI="([^"]+)"`).exec(text)?.[1];
    this.#readPlaylist({ url, levels: [{ url: address }], sessionData: { [posterOf]: { URI: poster } } });
    if (text.includes(`DATA-ID="${stageOf}"`)) this.#awaitMore(() => !signal.aborted, attemptOf(address), () => this.restart());
    else this.dispatchEvent(new Event("complete"));
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

const isEnding = ticket => Date.now() >= ticket.renewAt;
