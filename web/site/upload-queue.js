// The queue of uploads: files are sent one after the other, while what was sent before is being made.
import { remember, remembered } from "./memory.js";
import { UploadItem } from "./upload-item.js";
import { isFileOf, newJob } from "./upload.js";

/** Reserves an upload for this tab, until it is closed; false if another tab has it: two must not send, cancel or give up the same one. */
const reserve = id => new Promise(resolve => {
  if (!navigator.locks) return resolve(true); // only in secure contexts
  navigator.locks.request(id, { ifAvailable: true }, lock => {
    resolve(lock !== null);
    return lock && new Promise(() => {}); // held until the tab is closed
  });
});

export class UploadQueue {
  #items = [];

  /** @param {{ onVideos(), play(video), link(video) }} actions see UploadItem */
  constructor(elements, server, actions) {
    Object.assign(this, elements); // drop, file, list, template, dropHere
    this.server = server;
    this.actions = actions;
    this.file.onchange = () => {
      this.#add(this.file.files);
      this.file.value = ""; // the same file again is a change
    };
    this.#listenToDrops();
  }

  /** Resumes the uploads of an earlier visit. */
  async resume() {
    for (const job of await remembered())
      if (await reserve(job.id)) this.#show(job).resume();
    this.#sendNext();
  }

  #add(files) {
    for (const file of files) {
      const interrupted = this.#items.find(item => item.isMissingFile && isFileOf(item.job, file));
      if (interrupted) {
        interrupted.goOnWith(file);
      } else {
        const job = newJob(file);
        reserve(job.id);
        remember(job); // a reload must not lose what waits
        this.#show(job);
      }
    }
    this.#sendNext();
  }

  #show(job) {
    const item = new UploadItem(job, this.server, this.template.content.firstElementChild.cloneNode(true), {
      ...this.actions,
      onChange: () => this.#sendNext(),
      onDismiss: () => {
        this.#items = this.#items.filter(other => other !== item);
        if (item.element.contains(document.activeElement)) this.file.focus({ preventScroll: true });
        item.element.remove();
      },
    });
    this.#items.push(item);
    this.list.append(item.element);
    return item;
  }

  #sendNext() {
    if (!this.#items.some(item => item.isSending)) this.#items.find(item => item.isWaiting)?.run();
  }

  /** The whole page takes files; elsewhere a browser would leave the page for them. */
  #listenToDrops() {
    const hasFiles = event => event.dataTransfer?.types.includes("Files");
    const show = isOver => {
      this.dropHere.hidden = !isOver;
      this.drop.classList.toggle("over", isOver);
    };
    addEventListener("dragover", event => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      show(true);
    });
    addEventListener("dragleave", event => { if (!event.relatedTarget) show(false); }); // out of the window
    addEventListener("drop", event => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      show(false);
      if (!document.querySelector("dialog[open]")) this.#add(event.dataTransfer.files);
    });
  }
}
