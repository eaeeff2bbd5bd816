// The upload as the user sees it: choosing a file, progress by step, rate and time left, cancelling, and going on after a reload.
import { bytes, percent, timeLeft } from "./format.js";
import { remembered } from "./memory.js";
import { unreachable } from "./problem.js";
import { Rate } from "./rate.js";
import { cancelUpload, canGoOn, isFileOf, newJob, runUpload } from "./upload.js";
import { retryNow } from "./waiting.js";

const order = ["sending", "receiving", "probing", "transcoding", "publishing", "ready"];
const words = { sending: "Sending", receiving: "Checking", probing: "Checking", transcoding: "Transcoding", publishing: "Publishing", ready: "Ready" };

export class UploadPanel {
  #job = null;
  #isPlayable = false;
  #running = null; // an AbortController while an upload runs
  #finished = Promise.resolve();

  /** @param {(changed: boolean) => void} onVideos called when the list of videos changes */
  constructor(elements, server, onVideos) {
    Object.assign(this, elements); // drop, dropText, file, job, name, cancel, steps, progress, state, figures, retry
    this.server = server;
    this.onVideos = onVideos;
    this.file.onchange = () => { if (this.file.files.length) this.#choose(this.file.files[0]); };
    this.cancel.onclick = () => this.#cancel();
    this.retry.onclick = () => this.#running ? retryNow() : this.#run();
    const over = (event, isOver) => {
      event.preventDefault();
      this.drop.classList.toggle("over", isOver);
    };
    this.drop.addEventListener("dragover", event => over(event, true));
    this.drop.addEventListener("dragleave", event => over(event, false));
    this.drop.addEventListener("drop", event => {
      over(event, false);
      if (event.dataTransfer.files.length && !this.file.disabled) this.#choose(event.dataTransfer.files[0]);
    });
  }

  /** Resumes an upload of an earlier visit. */
  async resume() {
    const job = await remembered();
    if (!job || this.#job) return;
    this.#show(job);
    if (job.step === "cancelled") await this.#cancel();
    else if (job.step === "sending" && !job.file) this.#askForFile(`This upload was interrupted. Choose ${job.name} again to go on with it.`);
    else await this.#run();
  }

  #choose(file) {
    if (this.#job && !this.#running && this.#job.step === "sending") { // one is waiting for its file
      if (!isFileOf(this.#job, file)) return this.#askForFile(`That is another file. Choose ${this.#job.name} again, or cancel its upload.`);
      this.#job.file = file;
    } else {
      this.#show(newJob(file));
    }
    this.#run();
    this.cancel.focus({ preventScroll: true }); // its former place is hidden now
  }

  #run() {
    return this.#finished = this.#runToItsEnd();
  }

  async #runToItsEnd() {
    const job = this.#job;
    this.#isPlayable = false;
    const rate = new Rate();
    this.#running = new AbortController();
    this.#lock(true);
    this.retry.hidden = true;
    this.job.classList.remove("failed");
    this.#showStep("sending");
    this.figures.textContent = "";
    try {
      await runUpload(this.server, job, {
        signal: this.#running.signal,
        onSent: sent => this.#showSent(Math.min(sent, job.size), rate),
        onWaiting: (seconds, problem) => this.#showWaiting(seconds, problem),
        onStatus: status => this.#showStatus(status),
      });
      this.#showStep("ready");
      this.#end();
      this.#say(`${job.name} is ready.`);
      this.onVideos();
    } catch (error) {
      if (error.name !== "AbortError") this.#fail(error);
    } finally {
      this.#running = null;
    }
  }

  async #cancel() {
    const job = this.#job;
    this.#running?.abort();
    this.#say("Cancelling…");
    this.cancel.disabled = true;
    try {
      await this.#finished; // nothing may arrive after the clean-up
      await cancelUpload(this.server, job);
      this.#end();
      this.#say("Cancelled. Nothing of it was kept.");
      this.job.hidden = true;
      this.dropText.textContent = "Cancelled. Drop another video here, or";
    } catch (error) {
      this.#fail(error);
    } finally {
      this.cancel.disabled = false;
      this.onVideos();
    }
  }

  #fail(error) {
    this.#say(error.message);
    this.job.classList.add("failed");
    this.figures.textContent = "";
    this.progress.hidden = true;
    if (error.kind === "lost-file") this.#askForFile(error.message);
    else if (!canGoOn(error)) this.#end();
    else this.retry.hidden = false;
    if (!error.kind) console.error(error); // a bug in this page
    this.onVideos();
  }

  #askForFile(sentence) {
    this.#lock(false);
    this.progress.hidden = true;
    this.#say(sentence);
  }

  #end() {
    const hadFocus = [this.cancel, this.retry].includes(document.activeElement);
    this.#job = null;
    this.#lock(false);
    this.cancel.hidden = true;
    this.retry.hidden = true;
    this.progress.hidden = true;
    this.figures.textContent = "";
    this.dropText.textContent = "Drop a video here, or";
    if (hadFocus) this.file.focus({ preventScroll: true });
  }

  #lock(isLocked) {
    this.file.disabled = isLocked;
    this.drop.hidden = isLocked;
    if (!isLocked) this.file.value = "";
  }

  #show(job) {
    this.#job = job;
    this.job.hidden = false;
    this.job.classList.remove("failed");
    this.name.textContent = job.name;
    this.cancel.hidden = false;
    this.progress.hidden = false;
    this.progress.value = 0;
    this.#showStep("sending");
  }

  #showStep(state) {
    const at = order.indexOf(state === "receiving" ? "probing" : state);
    for (const step of this.steps.children) {
      const place = order.indexOf(step.dataset.state);
      step.classList.toggle("done", place < at);
      if (place === at) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
    }
    this.#say(words[state] ?? state);
    this.progress.hidden = false;
  }

  #showSent(sent, rate) {
    const { size } = this.#job;
    const speed = rate.add(sent);
    this.progress.value = size ? sent / size : 1;
    this.figures.textContent = [percent(sent / size), `${bytes(sent)} of ${bytes(size)}`, ...speed ? [`${bytes(speed)}/s`, `${timeLeft((size - sent) / speed)} left`] : []].join(" · ");
  }

  #showStatus(status) {
    this.retry.hidden = true;
    if (status.state === "failed") return; // the answer to the request explains it better
    this.#showStep(status.state);
    this.progress.value = status.progress;
    if (status.playable && !this.#isPlayable) this.onVideos();
    this.#isPlayable = status.playable === true;
    this.figures.textContent = [
      ...status.playable ? ["Ready to watch, more qualities are coming"] : [],
      percent(status.progress), ...status.speed ? [`${status.speed.toFixed(1)}× as fast as it plays`] : [], ...status.remaining ? [`${timeLeft(status.remaining)} left`] : [],
    ].join(" · ");
  }

  #showWaiting(seconds, problem = unreachable()) {
    this.retry.hidden = seconds === null;
    if (seconds === null) this.#say(this.steps.querySelector("[aria-current]")?.dataset.state === "sending" ? words.sending : this.state.textContent);
    else this.#say(`${problem.message} What was sent is kept; trying again by itself.`);
  }

  #say(text) {
    if (this.state.textContent !== text) this.state.textContent = text; // announced only if it changed
  }
}
