/** A ticket opens one video for a while, as `GET /videos/{id}` of sign-playlist gives it. */
export interface Ticket {
  /** The signed address of the multivariant playlist. */
  url: string;
  /** What opens everything else of the video; null if each address is signed separately. */
  query: string | null;
  /** When it ends, in seconds since the epoch. */
  expires: number;
}

export interface Source {
  getTicket(): Promise<Ticket>;
  /** The headers of a request, if any has some. A browser that plays HLS itself cannot send them. */
  headersFor?(url: string): Record<string, string | undefined>;
}

export interface Problem extends Error {
  readonly kind: "expired" | "revoked" | "not-allowed" | "missing" | "unreachable" | "server" | "cannot-play";
}

export interface ReelsealPlayerEventMap {
  play: Event; playing: Event; pause: Event; waiting: Event; timeupdate: Event; durationchange: Event; loadedmetadata: Event; canplay: Event;
  progress: Event; seeking: Event; seeked: Event; ended: Event; volumechange: Event; ratechange: Event;
  /** The viewer's access has ended. */
  expired: CustomEvent<Problem>;
  /** The viewer's access was withdrawn. */
  revoked: CustomEvent<Problem>;
  /** The connection is lost. Playback continues when it is back. */
  unreachable: CustomEvent<Problem>;
  /** Playback ended, for one of these reasons or another. */
  error: CustomEvent<Problem>;
  /** More qualities will come. */
  incomplete: Event;
  /** All qualities are there. */
  complete: Event;
}

/** `<reelseal-player video="…" ticket-url="…">`. Attributes: `video`, `ticket-url`, `autoplay`, `muted`, `remember` and `label`. */
export declare class ReelsealPlayer extends HTMLElement {
  /** Gets a ticket for a video; null when there is no more. It is called again shortly before each ticket ends. */
  getTicket: ((video: string) => Promise<Ticket | null>) | null;
  source: Source | null;
  /** Why it does not play. */
  readonly error: Problem | null;
  /** The video element inside. */
  readonly media: HTMLVideoElement;
  /** Loads the video again, from its remembered place or from the given second. */
  load(position?: number): Promise<void>;
  /** Stops and forgets what was loaded. */
  stop(): void;
  play(): Promise<void>;
  pause(): void;
  readonly paused: boolean;
  readonly ended: boolean;
  readonly duration: number;
  readonly buffered: TimeRanges;
  currentTime: number;
  volume: number;
  muted: boolean;
  playbackRate: number;
  addEventListener<K extends keyof ReelsealPlayerEventMap>(
    type: K, listener: (this: ReelsealPlayer, event: ReelsealPlayerEventMap[K]) => unknown, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

declare global {
  interface HTMLElementTagNameMap { "reelseal-player": ReelsealPlayer; }
}
