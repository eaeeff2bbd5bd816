// What can be done with the video that is watched, by those who may: choose its subtitles and its poster, and keep it as a file.
import { bytes } from "./format.js";
import { menuOf } from "./menu.js";
import { Poster } from "./poster.js";
import { Subtitles } from "./subtitles.js";

export class Tools {
  #video = null;
  #menu = null;

  /** Is called with a video that was changed. */
  changed = () => {};

  constructor(elements, player, server, ask, fail) {
    Object.assign(this, elements); // row, subtitles, poster, download
    Object.assign(this, { server, fail });
    const changed = video => this.changed(video);
    const subtitles = new Subtitles(elements.subtitling, server, ask, changed);
    const poster = new Poster(elements.posterChoice, player, server, ask, changed);
    this.subtitles.onclick = async () => { this.#video = await subtitles.edit(this.#video); };
    this.poster.onclick = () => poster.choose(this.#video);
  }

  /** Shows what the token allows. Only who may change a video can read its status, and a link that was shared opens neither. */
  async show(video) {
    this.hide();
    if (video.share) return;
    this.#video = video;
    const status = await this.server.video(video.id).catch(() => null);
    const files = status && !status.downloads ? null : await this.server.download(video.id).catch(() => null);
    if (video !== this.#video) return; // another one is watched by now
    const isEditable = status?.state === "ready";
    if (isEditable) this.#video = status;
    this.subtitles.hidden = !isEditable || !hasPicture(status);
    this.poster.hidden = this.subtitles.hidden;
    this.#offer(files && (status?.downloads ?? [files]));
    this.row.hidden = this.subtitles.hidden && this.download.hidden;
  }

  hide() {
    this.#video = null;
    this.row.hidden = true;
  }

  /** @param {{ rendition: string, size: number }[] | null} files */
  #offer(files) {
    this.#menu?.remove();
    this.#menu = null;
    this.download.hidden = !files;
    if (!files) return;
    const wordsOf = ({ rendition, size }) => `${rendition} · ${bytes(size)}`;
    this.download.popoverTargetElement = null;
    this.download.textContent = files.length === 1 ? `Download ${wordsOf(files[0])}` : "Download";
    this.download.onclick = files.length === 1 ? () => this.#keep(files[0]) : null;
    if (files.length === 1) return;
    this.#menu = menuOf(this.download, ...files.map(file => Object.assign(document.createElement("button"), {
      type: "button", className: "quiet", textContent: wordsOf(file), onclick: () => this.#keep(file),
    })));
    this.download.after(this.#menu);
  }

  /** The browser saves the file under the name that its address gives it. */
  async #keep({ rendition }) {
    try {
      const { url } = await this.server.download(this.#video.id, rendition);
      Object.assign(document.createElement("a"), { href: url, download: "" }).click();
    } catch (error) {
      this.fail(error);
    }
  }
}

const hasPicture = ({ renditions = [] }) => renditions.some(({ type }) => type === "video");
