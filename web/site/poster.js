// Chooses the picture that is shown of a video before it plays: the moment that is being shown, or a picture.
import { clock } from "./player/format.js";

export class Poster {
  #video = null;
  #time = null;

  /** @param {HTMLDialogElement} dialog */
  constructor(dialog, player, server, ask, changed) {
    Object.assign(this, { dialog, player, server, ask, changed });
    Object.assign(this, {
      preview: dialog.querySelector("canvas"), what: dialog.querySelector("[data-what]"), file: dialog.querySelector("[type=file]"), note: dialog.querySelector("[role=status]"),
      moment: dialog.querySelector("[data-do=moment]"), use: dialog.querySelector("[data-do=use]"),
    });
    this.file.onchange = () => this.#showPicture();
    this.moment.onclick = () => this.#showMoment();
    this.use.onclick = () => this.#send();
  }

  choose(video) {
    this.#video = video;
    this.player.pause();
    this.#showMoment();
    return this.ask(this.dialog, video.title ?? "this video");
  }

  #showMoment() {
    const { media } = this.player;
    this.file.value = "";
    this.#time = media.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA ? Math.min(media.currentTime, media.duration - 0.1) : null;
    this.moment.hidden = true;
    this.#show(media, media.videoWidth, media.videoHeight, this.#time === null ? "" : `The moment at ${clock(this.#time)}`);
  }

  async #showPicture() {
    const [file] = this.file.files;
    if (!file) return this.#showMoment();
    this.moment.hidden = false;
    try {
      const picture = await createImageBitmap(file);
      if (file === this.file.files[0]) this.#show(picture, picture.width, picture.height, file.name);
      picture.close();
    } catch {
      if (file !== this.file.files[0]) return; // another was chosen meanwhile
      this.#show(null, 0, 0, file.name);
      this.#tell("This browser cannot show the picture. It must be a JPEG, PNG or WebP.", "fault");
    }
  }

  #show(picture, width, height, what) {
    const isThere = width > 0 && what !== "";
    this.preview.hidden = !isThere;
    if (isThere) {
      [this.preview.width, this.preview.height] = [width, height];
      this.preview.getContext("2d").drawImage(picture, 0, 0, width, height);
    }
    this.what.textContent = what;
    this.use.disabled = !isThere;
    this.#tell("");
  }

  async #send() {
    const [file] = this.file.files;
    this.use.disabled = true;
    this.#tell("One moment…");
    try {
      const video = await (file ? this.server.sendPoster(this.#video.id, file) : this.server.choosePoster(this.#video.id, this.#time));
      this.#tell("This is the poster now. Players show it within a minute.");
      this.changed(video);
    } catch (error) {
      this.#tell(error.message, "fault");
      this.use.disabled = false;
    }
  }

  #tell(words, kind = "faint") {
    this.note.className = kind;
    this.note.textContent = words;
  }
}
