// One upload, from a file to a video: send → ingest → ready. Each step is remembered, so that a reload resumes it.
import { sendParts } from "./parts.js";
import { Problem, refusal, unreachable } from "./problem.js";
import { forget, remember } from "./memory.js";
import { send } from "./sending.js";
import { pauseBefore, wait } from "./player/waiting.js";

const pollEvery = 1; // s

/** The part of an upload that is remembered. */
export const newJob = file => ({
  id: crypto.randomUUID(), step: "sending", name: file.name, size: file.size, modified: file.lastModified, file,
});

export const titleOf = job => job.name.replace(/\.[^.]+$/, "");

/** Whether the upload can be resumed after a problem. */
export const canGoOn = problem => ["unreachable", "server", "busy", "signed-out", "lost-file"].includes(problem.kind);

/** Whether a newly chosen file is the file of a job. */
export const isFileOf = (job, file) => file.name === job.name && file.size === job.size && file.lastModified === job.modified;

/**
 * Runs a job to its end.
 * @param {import("./server.js").Server} server
 * @param {object} job from newJob, or remembered; with its file until everything is sent
 * @param {{ signal: AbortSignal, onSent, onArrived, onWaiting, onStatus }} view onArrived: all is sent; onWaiting as for sendParts, with the problem if there is an answer
 * @returns {Promise<object>} the status of the finished video
 */
export async function runUpload(server, job, view) {
  await remember(job);
  try {
    if (job.step === "sending") {
      const upload = await beginOrGoOn(server, job);
      if (upload === null) return await sendWhole(server, job, view);
      job.parts = await sendParts(job.file, upload, { ...view, again: () => server.findUpload(job.id) });
      job.step = "completing";
      await remember(job);
    }
    if (job.step === "completing") {
      await patiently(() => server.completeUpload(job.id, job.parts), view);
      job.step = "ingesting";
      job.file = undefined;
      await remember(job);
    }
    view.onArrived();
    return await ingest(server, job, view);
  } catch (error) {
    // Forgets an upload that cannot be resumed, here and at the function.
    if (error instanceof Problem && !canGoOn(error)) await giveUp(server, job);
    throw error;
  }
}

/** Cancels an upload and removes everything of it. If the function cannot be reached now, the next visit does it. */
export async function cancelUpload(server, job) {
  job.step = "cancelled";
  job.file = undefined;
  await remember(job);
  try {
    await server.remove(job.id); // its parts, its source, its ingest
  } catch (error) {
    if (error.kind !== "missing" && error.kind !== "not-allowed") throw error; // it does not exist, or belongs to someone else
  }
  await forget(job.id);
}

/** Like cancelUpload, but keeps quiet about its own failure, because there is another error to report. */
async function giveUp(server, job) {
  try {
    await cancelUpload(server, job);
  } catch (error) {
    console.warn(`What was sent of ${job.name} will be removed at the next visit: ${error.message}`);
  }
}

/** Gets the upload from the function; null if the store does not accept parts. */
async function beginOrGoOn(server, job) {
  try {
    if (job.begun) return await server.findUpload(job.id);
  } catch (error) {
    if (error.kind !== "missing") throw error; // it was removed: begin again
  }
  try {
    const upload = await server.beginUpload(job.id, job.size, job.file.type);
    job.begun = true;
    await remember(job);
    return upload;
  } catch (error) {
    if (error.kind === "conflict") return server.findUpload(job.id); // it was begun, but the answer was lost
    if (error.kind !== "not-in-parts") throw error;
    return null;
  }
}

/** The plain way: one request through the gateway, answered when the video is ready. */
async function sendWhole(server, job, view) {
  await forget(job.id); // it cannot be resumed
  const form = new FormData();
  form.append("file", job.file, job.name);
  const onSent = sent => {
    view.onSent(sent);
    if (sent >= job.size) view.onArrived();
  };
  const headers = { Authorization: `Bearer ${await server.tokens.current()}`, "X-Call-Id": job.id };
  const answered = send(server.uploadAddress, form, { method: "POST", headers, signal: view.signal, onSent });
  const { status, text, header } = await follow(server, job.id, answered, view);
  if (status === 0) throw unreachable();
  if (status >= 300) throw refusal(status, text, header("Retry-After"));
  return JSON.parse(text);
}

/** Requests the ingest until it is answered; follows the status if another call ingests the same video. */
async function ingest(server, job, view) {
  for (let attempt = 0; ; attempt++) {
    try {
      const status = await follow(server, job.id, server.ingest(job.id, job.name, view.signal), view);
      await forget(job.id);
      return status;
    } catch (error) {
      if (!["conflict", "busy", "unreachable", "server"].includes(error.kind)) throw error;
      // A gateway timeout does not mean that the ingest failed.
      const status = await server.video(job.id).catch(() => null);
      // What failed may have failed earlier: only an answer to this request says why, and whether the upload is no longer needed.
      const hasFailed = status?.state === "failed";
      if (status && !hasFailed) view.onStatus(status);
      if (hasFailed && error.kind === "server") throw error;
      if (status?.state === "ready") {
        await forget(job.id);
        return status;
      }
      if (error.kind !== "conflict") view.onWaiting(error.retryAfter ?? pauseBefore(attempt), error);
      await wait(error.kind === "conflict" ? pollEvery : error.retryAfter ?? pauseBefore(attempt), view.signal);
    }
  }
}

/** Waits for an answer, and meanwhile reports the status document. */
async function follow(server, id, answered, { signal, onStatus }) {
  let isOver = false;
  const ended = answered.finally(() => { isOver = true; });
  ended.catch(() => {});
  while (!isOver) {
    await Promise.race([ended.catch(() => {}), wait(pollEvery, signal)]);
    if (isOver) break;
    try {
      const status = await server.video(id);
      if (!isOver) onStatus(status);
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // none yet, or unreachable: the answer itself will say
    }
  }
  return answered;
}

async function patiently(action, { signal, onWaiting }) {
  for (let attempt = 0; ; attempt++) {
    try {
      const result = await action();
      onWaiting(null);
      return result;
    } catch (error) {
      if (error.kind !== "unreachable" && error.kind !== "server") throw error;
      onWaiting(pauseBefore(attempt), error);
      await wait(pauseBefore(attempt), signal);
    }
  }
}
