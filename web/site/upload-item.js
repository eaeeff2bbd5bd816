// One upload as the user sees it: its steps, progress, rate and time left, and what can be done with it.
import { bytes, percent, timeLeft } from "./format.js";
import { unreachable } from "./problem.js";
import { Rate } from "./rate.js";
import { canGoOn, cancelUpload, runUpload, titleOf } from "./upload.js";
import { retryNow } from "./player/waiting.js";

const order = ["sending", "probing", "transcoding", "publishing", "ready"];
const words = { waiting: "Waiting for its turn", sending: "Sending", probing: "Checking", transcoding: "Transcoding", publishing: "Publishing" };

export class UploadItem {
  #running = null; // an AbortController while it runs
  #finished = Promise.resolve();
  #hasArrived = false;
  #isPlayable = false;

  /** Nothing was sent yet, or not all. */
  isWaiting = true;

  /** It was interrupted, and the browser no longer has its file. */
  isMissingFile = false;

  /**
   * @param {object} job from newJob, or remembered
   * @param {object} server
   * @param {HTMLElement} element made from the template
   * @param {{ onVideos(), onChange(), onDismiss(), play(video), link(video): Promise<string> }} actions
   *   onVideos: the list of videos changed; onChange: it may be the next one's turn; link copies a link and resolves with a sentence
   */
  constructor(job, server, element, actions) {
    Object.assign(this, { job, server, element, actions });
    const part = name => element.querySelector(`.${name}`);
    Object.assign(this, { name: part("job-name"), steps: part("steps"), progress: part("progress"), state: part("job-state"), figures: part("job-figures") });
    this.buttons = Object.fromEntries([...element.querySelectorAll("[data-do]")].map(button => [button.dataset.do, button]));
    this.buttons.cancel.onclick = () => this.cancel();
    this.buttons.retry.onclick = () => this.#retry();
    this.buttons.dismiss.onclick = () => actions.onDismiss();
    this.buttons.play.onclick = () => actions.play({ id: job.id, title: titleOf(job) });
    this.buttons.link.onclick = async () => this.#say(await actions.link({ id: job.id, title: titleOf(job) }));
    for (const [name, button] of Object.entries(this.buttons)) button.setAttribute("aria-label", `${button.textContent}: ${job.name}`);
    this.name.textContent = job.name;
    this.progress.value = 0;
    this.#awaitTurn();
  }

  get isSending() { return this.#running !== null && !this.#hasArrived; }

  /** Goes on after a reload. */
  resume() {
    if (this.job.step === "cancelled") this.cancel();
    else if (this.job.step !== "sending") this.run();
    else if (!this.job.file) this.#askForFile(`This upload was interrupted. Choose ${this.job.name} again to go on with it.`);
  }

  goOnWith(file) {
    this.job.file = file;
    this.isMissingFile = false;
    this.isWaiting = true;
  }

  #retry() {
    if (this.job.step === "cancelled") return this.cancel();
    if (this.#running) return retryNow();
    if (this.job.step !== "sending") return this.run();
    this.#awaitTurn();
    this.actions.onChange();
  }

  #awaitTurn() {
    this.isWaiting = true;
    this.element.classList.remove("failed");
    this.element.classList.add("waiting");
    this.#offer("cancel");
    this.#showStep("sending");
    this.#say(words.waiting);
  }

  run() {
    return this.#finished = this.#runToItsEnd();
  }

  async #runToItsEnd() {
    const { job } = this;
    const rate = new Rate();
    this.isWaiting = false;
    this.#hasArrived = job.step !== "sending";
    this.#running = new AbortController();
    this.#offer("cancel");
    this.element.classList.remove("failed", "waiting");
    this.#showStep(this.#hasArrived ? "probing" : "sending");
    this.figures.textContent = "";
    try {
      await runUpload(this.server, job, {
        signal: this.#running.signal,
        onSent: sent => this.#showSent(Math.min(sent, job.size), rate),
        onArrived: () => this.#arrive(),
        onWaiting: (seconds, problem) => this.#showWaiting(seconds, problem),
        onStatus: status => this.#showStatus(status),
      });
      this.#showStep("ready");
      this.#end("play", "link", "dismiss");
      this.#say(`${job.name} is ready.`);
      this.actions.onVideos();
    } catch (error) {
      if (error.name !== "AbortError") this.#fail(error);
    } finally {
      this.#running = null;
      this.actions.onChange();
    }
  }

  async cancel() {
    this.isWaiting = false;
    this.#running?.abort();
    this.#say("Cancelling…");
    this.buttons.cancel.disabled = true;
    try {
      await this.#finished; // nothing may arrive after the clean-up
      await cancelUpload(this.server, this.job);
      this.#end("dismiss");
      this.element.classList.remove("waiting");
      this.#say("Cancelled. Nothing of it was kept.");
      this.steps.hidden = true;
    } catch (error) {
      this.#fail(error);
    } finally {
      this.buttons.cancel.disabled = false;
      this.actions.onVideos();
      this.actions.onChange();
    }
  }

  #arrive() {
    this.#hasArrived = true;
    this.#showStep("probing");
    this.actions.onChange();
  }

  #fail(error) {
    if (error.kind === "lost-file") return this.#askForFile(error.message);
    this.element.classList.add("failed");
    this.#say(error.message);
    this.#end(...canGoOn(error) ? ["retry", "cancel"] : ["dismiss"]);
    if (!error.kind) console.error(error); // a bug in this page
    this.actions.onVideos();
  }

  #askForFile(sentence) {
    this.isMissingFile = true;
    this.isWaiting = false;
    this.#end("cancel");
    this.#say(sentence);
  }

  #end(...offers) {
    this.progress.hidden = true;
    this.figures.textContent = "";
    this.#offer(...offers);
  }

  /** Shows these buttons and no others; the focus stays at the upload. */
  #offer(...names) {
    const hadFocus = Object.values(this.buttons).includes(document.activeElement);
    for (const [name, button] of Object.entries(this.buttons)) button.hidden = !names.includes(name);
    if (hadFocus && document.activeElement.hidden) this.buttons[names[0]].focus({ preventScroll: true });
  }

  #showStep(state) {
    const at = order.indexOf(state === "receiving" ? "probing" : state);
    for (const step of this.steps.children) {
      const place = order.indexOf(step.dataset.state);
      step.classList.toggle("done", place < at);
      if (place === at) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
    }
    this.#say(words[order[at]] ?? "");
    this.progress.hidden = false;
  }

  #showSent(sent, rate) {
    const { size } = this.job;
    const speed = rate.add(sent);
    this.progress.value = size ? sent / size : 1;
    this.figures.textContent = [percent(sent / size), `${bytes(sent)} of ${bytes(size)}`, ...speed ? [`${bytes(speed)}/s`, `${timeLeft((size - sent) / speed)} left`] : []].join(" · ");
  }

  #showStatus(status) {
    const wasPlayable = this.#isPlayable;
    this.#isPlayable = status.playable === true;
    this.#offer(...this.#isPlayable ? ["play", "cancel"] : ["cancel"]);
    if (status.state === "failed") return; // the answer to the request explains it better
    this.#showStep(status.state);
    this.progress.value = status.progress;
    if (this.#isPlayable && !wasPlayable) this.actions.onVideos();
    this.figures.textContent = [
      ...this.#isPlayable ? ["Ready to watch, more qualities are coming"] : [],
      percent(status.progress), ...status.speed ? [`${status.speed.toFixed(1)}× as fast as it plays`] : [], ...status.remaining ? [`${timeLeft(status.remaining)} left`] : [],
    ].join(" · ");
  }

  #showWaiting(seconds, problem = unreachable()) {
    this.#offer(...seconds === null ? ["cancel"] : ["retry", "cancel"]);
    if (seconds === null) this.#say(this.#hasArrived ? this.state.textContent : words.sending);
    else this.#say(`${problem.message} What was sent is kept; trying again by itself.`);
  }

  #say(text) {
    if (this.state.textContent !== text) this.state.textContent = text; // announced only if it changed
  }
}
