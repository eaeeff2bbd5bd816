// Makes a link that plays one video until a chosen time.
import { date } from "./format.js";
import { linkFor } from "./links.js";

const usual = 60 * 60 * 1000; // an hour
const week = 7 * 24 * usual;

export class Sharing {
  constructor(elements, server, ask) {
    Object.assign(this, elements); // dialog, until, note, result, link, make, copy
    this.server = server;
    this.ask = ask;
    this.until.oninput = () => this.#forget();
    this.copy.onclick = async () => {
      this.link.select();
      await navigator.clipboard.writeText(this.link.value).catch(() => document.execCommand("copy"));
      this.note.textContent = "Copied.";
    };
  }

  /** Copies a link that lasts a week, or as long as a link may; resolves with a sentence about it. */
  async copyLink(video) {
    try {
      const inAWeek = Math.floor((Date.now() + week) / 1000);
      const shared = await this.server.share(video.id, inAWeek).catch(error => error.kind === "malformed" ? this.server.share(video.id) : Promise.reject(error));
      await copy(linkFor(shared, video));
      return `The link is copied. It ends ${date(shared.until * 1000)}.`;
    } catch (error) {
      return error.message;
    }
  }

  share(video) {
    this.until.value = local(Date.now() + usual);
    this.until.min = local(Date.now());
    this.#forget();
    this.make.onclick = () => this.#make(video);
    return this.ask(this.dialog, video.title ?? "this video");
  }

  async #make(video) {
    const until = Math.floor(new Date(this.until.value).getTime() / 1000);
    if (!(until * 1000 > Date.now())) {
      this.note.textContent = "Choose a time in the future.";
      return;
    }
    this.make.disabled = true;
    try {
      this.link.value = linkFor(await this.server.share(video.id, until), video);
      this.result.hidden = this.copy.hidden = false;
      this.make.hidden = true;
      this.note.textContent = `It ends ${date(until * 1000)}.`;
      this.link.focus();
      this.link.select();
    } catch (error) {
      this.note.textContent = error.kind === "malformed" ? await this.#latest(video) : error.message;
    } finally {
      this.make.disabled = false;
    }
  }

  /** The sentence for an end that is too late. */
  async #latest(video) {
    try {
      return `Choose an earlier time. A link made now ends ${date((await this.server.share(video.id)).until * 1000)} at the latest.`;
    } catch (error) {
      return error.message;
    }
  }

  #forget() {
    this.result.hidden = this.copy.hidden = true;
    this.make.hidden = false;
    this.note.textContent = "";
  }
}

/** A time as datetime-local has it: on this machine's clock, without a zone. */
function local(time) {
  const date = new Date(time);
  return new Date(time - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** Puts a text into the clipboard. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    throw new Error("The browser does not let this page copy.");
  }
}
