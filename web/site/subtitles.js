// Adds, replaces and removes the subtitles of a video.

const languages = [
  "ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu", "id", "is", "it", "ja", "ko", "lt", "lv", "ms", "nb", "nl",
  "pl", "pt", "pt-br", "ro", "ru", "sk", "sl", "sr", "sv", "th", "tr", "uk", "vi", "zh-hans", "zh-hant",
];
const other = "other";

export class Subtitles {
  #video = null;

  /** @param {HTMLDialogElement} dialog */
  constructor(dialog, server, ask, changed) {
    const find = name => dialog.querySelector(`[name="${name}"]`);
    Object.assign(this, { dialog, server, ask, changed });
    Object.assign(this, {
      list: dialog.querySelector("ul"), form: dialog.querySelector("form"), heading: dialog.querySelector("h3"), note: dialog.querySelector("[role=status]"),
      send: dialog.querySelector("button:not([type])"), file: find("file"), language: find("language"), tag: find("tag"), name: find("name"), forced: find("forced"),
      isDefault: find("default"),
    });
    this.language.append(new Option("Choose…", ""), ...languages.map(tag => new Option(nameOf(tag), tag)).sort((one, two) => one.text.localeCompare(two.text)), new Option("Other…", other));
    this.form.oninput = () => this.#show();
    this.form.onsubmit = event => {
      event.preventDefault();
      this.#change(`${this.#words} ${this.#replaced ? "replaced" : "added"}`, () => this.server.putSubtitles(this.#video.id, this.#tag, this.file.files[0], {
        name: this.name.value.trim(), forced: this.forced.checked, ...this.isDefault.checked && { default: true }, // otherwise it stays as it is
      }));
    };
  }

  /** Resolves with the video as it is then. */
  async edit(video) {
    this.#video = video;
    this.note.textContent = "";
    this.form.reset();
    this.#show();
    await this.ask(this.dialog, video.title ?? "this video");
    return this.#video;
  }

  get #tag() { return (this.language.value === other ? this.tag.value.trim() : this.language.value).toLowerCase(); }

  get #words() { return this.name.value.trim() || nameOf(this.#tag); }

  /** The ones of the same language, forced or not, whose place the file takes. */
  get #replaced() { return subtitlesOf(this.#video).find(({ language, forced = false }) => language === this.#tag && forced === this.forced.checked); }

  #show() {
    this.tag.hidden = this.language.value !== other;
    this.tag.required = !this.tag.hidden;
    this.name.placeholder = this.#tag ? nameOf(this.#tag) : "";
    this.heading.textContent = this.#replaced ? "Replace subtitles" : "Add subtitles";
    this.send.textContent = this.#replaced ? "Replace" : "Add";
    this.list.replaceChildren(...subtitlesOf(this.#video).map(one => this.#rowOf(one)));
    this.list.hidden = this.list.children.length === 0;
  }

  #rowOf({ language, label, forced = false }) {
    const words = label ?? nameOf(language);
    const row = document.createElement("li");
    const text = Object.assign(document.createElement("p"), { textContent: words, dir: "auto" });
    const named = language ? nameOf(language) : "No language";
    const detail = [...named === words ? [] : [named], ...forced ? ["forced"] : []].join(" · ");
    row.append(text, Object.assign(document.createElement("p"), { className: "faint", textContent: detail }));
    if (!language) return row; // they came with the source, and no address names them
    row.append(
      button("Replace", words, () => this.#replace(language, label, forced)),
      button("Remove", words, () => this.#change(`${words} removed`, async () => {
        await this.server.removeSubtitles(this.#video.id, language, forced);
        return this.server.video(this.#video.id);
      })));
    return row;
  }

  #replace(language, label, forced) {
    this.form.reset();
    const isListed = languages.includes(language);
    [this.language.value, this.tag.value] = isListed ? [language, ""] : [other, language];
    this.name.value = label && label !== nameOf(language) ? label : "";
    this.forced.checked = forced;
    this.#show();
    this.file.focus();
  }

  async #change(words, request) {
    this.send.disabled = true;
    this.note.className = "faint";
    this.note.textContent = "One moment…";
    try {
      this.#video = await request();
      this.form.reset();
      this.note.textContent = `${words}. Players show it within a minute.`;
      this.changed(this.#video);
    } catch (error) {
      this.note.className = "fault";
      this.note.textContent = error.message;
      this.note.scrollIntoView({ block: "nearest" });
    } finally {
      this.send.disabled = false;
      this.#show();
    }
  }
}

const subtitlesOf = ({ renditions = [] }) => renditions.filter(({ type }) => type === "subtitles");

const button = (word, what, onclick) =>
  Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: word, ariaLabel: `${word} ${what}`, onclick });

/** The language's name as the viewer's own language has it; the tag if the browser knows none. */
function nameOf(tag) {
  try {
    return new Intl.DisplayNames(undefined, { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag; // what was written so far may not be a tag
  }
}
