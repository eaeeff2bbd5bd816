// The two functions, behind the gateway.
import { refusal, unreachable } from "./problem.js";

export class Server {
  /**
   * @param {string} gateway the gateway's address
   * @param {import("./tokens.js").Tokens} tokens
   */
  constructor(gateway, tokens) {
    this.gateway = gateway;
    this.tokens = tokens;
  }

  videos = (after, limit) => this.#call("ingest-video", `/videos?limit=${limit}${after ? `&after=${encodeURIComponent(after)}` : ""}`);
  video = id => this.#call("ingest-video", `/videos/${id}`);
  rename = (id, title) => this.#call("ingest-video", `/videos/${id}`, { method: "PATCH", json: { title } });
  remove = id => this.#call("ingest-video", `/videos/${id}`, { method: "DELETE" });

  /** Adds subtitles, or replaces those of the language. @param {{ name: string, forced: boolean, default: boolean }} options */
  putSubtitles = (id, language, file, options) => this.#call("ingest-video", `/videos/${id}/subtitles/${encodeURIComponent(language)}?${new URLSearchParams(options)}`, { method: "PUT", body: file });
  removeSubtitles = (id, language, forced) => this.#call("ingest-video", `/videos/${id}/subtitles/${encodeURIComponent(language)}?forced=${forced}`, { method: "DELETE" });
  choosePoster = (id, time) => this.#call("ingest-video", `/videos/${id}/poster`, { method: "PUT", json: { time } });
  sendPoster = (id, file) => this.#call("ingest-video", `/videos/${id}/poster`, { method: "PUT", body: file });

  beginUpload = (id, size, contentType) => this.#call("ingest-video", "/uploads", { method: "POST", json: { size, contentType }, headers: { "X-Call-Id": id } });
  findUpload = id => this.#call("ingest-video", `/uploads/${id}`);
  completeUpload = (id, parts) => this.#call("ingest-video", `/uploads/${id}/complete`, { method: "POST", json: { parts } });

  /** Makes an upload a video; answers when it is one. It goes on even if nobody waits. The file's name is its title if the file has none of its own. */
  ingest = (id, fileName, signal) => this.#call("ingest-video", "/", { method: "POST", json: { source: `uploads/${id}`, fileName }, signal });

  /** The ticket of a video: { url, query, expires }. */
  ticket = id => this.#call("sign-playlist", `/videos/${id}`);

  /** The ticket of a file to keep: { url, rendition, size, expires }. Without a rendition it is the first that there is. */
  download = (id, rendition) => this.#call("sign-playlist", `/videos/${id}/download${rendition ? `?rendition=${encodeURIComponent(rendition)}` : ""}`);

  /** What a share link consists of: { video, until, share }. Without an end it ends as late as it may. */
  share = (id, until) => this.#call("sign-playlist", `/videos/${id}/share${until ? `?until=${until}` : ""}`);

  /** Revokes all tickets and share links of a video. */
  revoke = id => this.#call("sign-playlist", `/videos/${id}/tickets`, { method: "DELETE" });

  /** Where a video is sent whole, and where its playlist is available with a token. */
  get uploadAddress() { return `${this.gateway}/function/ingest-video/`; }
  playlistAddress = id => `${this.gateway}/function/sign-playlist/videos/${id}/multivariant.m3u8`;

  async #call(name, path, options = {}) {
    const token = await this.tokens.current();
    let response = await this.#send(name, path, options, token);
    if (response.status === 401 && await this.tokens.renew(token)) response = await this.#send(name, path, options, await this.tokens.current());
    return answerOf(response);
  }

  async #send(name, path, { method = "GET", json, body, headers, signal }, token) {
    try {
      return await fetch(`${this.gateway}/function/${name}${path}`, {
        method, signal,
        headers: { ...token && { Authorization: `Bearer ${token}` }, ...json && { "Content-Type": "application/json" }, ...headers },
        body: json ? JSON.stringify(json) : body,
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw unreachable();
    }
  }
}

async function answerOf(response) {
  if (!response.ok) throw refusal(response.status, await response.text(), response.headers.get("Retry-After"));
  return response.status === 204 ? null : response.json();
}
