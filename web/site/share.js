// Makes links that play one video until a chosen time, and revokes them.
import { date } from "./format.js";
import { embedOf, linkFor, oEmbedOf } from "./links.js";

const hour = 60 * 60; // s
const week = 7 * 24 * hour;

export class Sharing {
  #video = null;
  #shared = null;
  #request = null; // the one whose answer is wanted

  /** @param {(title: string) => Promise<string>} confirmRevoking */
  constructor(elements, server, ask, confirmRevoking) {
    Object.assign(this, elements); // dialog, presets, until, most, note, result, link, embed, make, revoke
    Object.assign(this, { server, ask, confirmRevoking });
    this.presets.onchange = this.until.oninput = () => this.#forget();
    this.make.onclick = () => this.#make();
    this.revoke.onclick = () => this.#revoke();
    const texts = { link: () => this.link.value, embed: () => this.embed.value, oembed: () => oEmbedOf(this.#shared, this.#video) };
    for (const button of this.result.querySelectorAll("[data-copy]"))
      button.onclick = async () => { this.note.textContent = await copied(texts[button.dataset.copy]()) ? "Copied." : "The browser does not let this page copy."; };
  }

  /** Copies a link that lasts a week, or as long as a link may; resolves with a sentence about it. */
  async copyLink(video) {
    try {
      const inAWeek = Math.floor(Date.now() / 1000) + week;
      const shared = await this.server.share(video.id, inAWeek).catch(error => error.kind === "malformed" ? this.server.share(video.id) : Promise.reject(error));
      return await copied(linkFor(shared, video)) ? `The link is copied. It ends ${date(shared.until * 1000)}.` : "The browser does not let this page copy.";
    } catch (error) {
      return error.message;
    }
  }

  share(video) {
    this.#video = video;
    this.most.textContent = "";
    this.until.value = local(Date.now() + 24 * 1000 * hour);
    this.until.min = local(Date.now());
    this.until.removeAttribute("max");
    for (const preset of this.presets.elements) preset.disabled = false;
    this.presets.querySelector("input").checked = true;
    this.#forget();
    this.#showMost(video);
    return this.ask(this.dialog, video.title ?? "this video");
  }

  /** How late a link may end is the function's setting; a link without an end has it. */
  async #showMost(video) {
    const most = await this.server.share(video.id).catch(() => null);
    if (!most || video !== this.#video) return;
    this.most.textContent = `A link made now can end ${date(most.until * 1000)} at the latest.`;
    this.until.max = local(1000 * most.until);
    for (const preset of this.presets.querySelectorAll("input")) preset.disabled = Date.now() / 1000 + Number(preset.value) > most.until;
  }

  get #end() {
    const seconds = Number(this.presets.querySelector(":checked").value);
    return seconds ? Math.floor(Date.now() / 1000) + seconds : Math.floor(new Date(this.until.value).getTime() / 1000);
  }

  async #make() {
    const [video, until] = [this.#video, this.#end];
    const request = this.#request = {};
    if (!(until * 1000 > Date.now())) {
      this.note.textContent = "Choose a time in the future.";
      return;
    }
    this.make.disabled = true;
    try {
      const shared = await this.server.share(video.id, until);
      if (request !== this.#request) return; // another video, or another end, was chosen meanwhile
      this.#shared = shared;
      this.link.value = linkFor(shared, video);
      this.embed.value = embedOf(shared, video);
      this.result.hidden = false;
      this.make.hidden = true;
      this.note.textContent = `It ends ${date(until * 1000)}.`;
      this.link.focus();
      this.link.select();
    } catch (error) {
      if (request === this.#request) this.note.textContent = error.kind === "malformed" ? `Choose an earlier time. ${this.most.textContent}` : error.message;
    } finally {
      this.make.disabled = false;
    }
  }

  async #revoke() {
    if (await this.confirmRevoking(this.#video.title ?? "this video") !== "yes") return;
    try {
      await this.server.revoke(this.#video.id);
      this.#forget();
      this.note.textContent = "All links are revoked.";
    } catch (error) {
      this.note.textContent = error.message;
    }
  }

  #forget() {
    this.#request = null;
    this.result.hidden = true;
    this.make.hidden = false;
    this.note.textContent = "";
    this.until.hidden = this.presets.querySelector(":checked").value !== "0";
  }
}

/** Puts a text into the clipboard. */
const copied = text => navigator.clipboard.writeText(text).then(() => true, () => false);

/** A time as datetime-local has it: on this machine's clock, without a zone. */
function local(time) {
  const date = new Date(time);
  return new Date(time - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
