// One upload, from a file to a video: send → ingest → ready. Each step is remembered, so that a reload goes on with it.
import { sendParts } from "./parts.js";
import { Problem, refusal, unreachable } from "./problem.js";
import { forget, remember } from "./memory.js";
import { send } from "./sending.js";
import { pauseBefore, wait } from "./waiting.js";

const pollEvery = 1; // s

/** What is remembered of an upload. */
export const newJob = file => ({
  id: crypto.randomUUID(), step: "sending", name: file.name, size: file.size, modified: file.lastModified, file,
});

/** Whether the upload can be taken up again after a problem. */
export const canGoOn = problem => ["unreachable", "server", "busy", "signed-out", "lost-file"].includes(problem.kind);

/** Whether a file that was chosen again is the one of a job. */
export const isFileOf = (job, file) => file.name === job.name && file.size === job.size && file.lastModified === job.modified;

/**
 * Takes a job to its end.
 * @param {import("./server.js").Server} server
 * @param {object} job of newJob, or remembered; with its file while it is not all sent
 * @param {{ signal: AbortSignal, onSent, onWaiting, onStatus }} view onWaiting as of sendParts, with the problem when there is an answer
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
    return await ingest(server, job, view);
  } catch (error) {
    // What cannot be taken up again is forgotten, here and there.
    if (error instanceof Problem && !canGoOn(error)) await giveUp(server, job);
    throw error;
  }
}

/** Gives an upload up: nothing of it stays. Where that cannot be reached now, the next visit does it. */
export async function cancelUpload(server, job) {
  job.step = "cancelled";
  job.file = undefined;
  await remember(job);
  try {
    await server.remove(job.id); // its parts, its source, its ingest
  } catch (error) {
    if (error.kind !== "missing" && error.kind !== "not-allowed") throw error; // there is nothing, or it is not ours
  }
  await forget(job.id);
}

/** As cancelUpload, when there is another error to be told. */
async function giveUp(server, job) {
  try {
    await cancelUpload(server, job);
  } catch (error) {
    console.warn(`What was sent of ${job.name} will be removed at the next visit: ${error.message}`);
  }
}

/** What the function says of the upload; null when it takes none in parts. */
async function beginOrGoOn(server, job) {
  try {
    if (job.begun) return await server.findUpload(job.id);
  } catch (error) {
    if (error.kind !== "missing") throw error; // it was cleaned away: from the start
  }
  try {
    const upload = await server.beginUpload(job.id, job.size, job.file.type);
    job.begun = true;
    await remember(job);
    return upload;
  } catch (error) {
    if (error.kind === "conflict") return server.findUpload(job.id); // begun, but the answer was lost
    if (error.kind !== "not-in-parts") throw error;
    return null;
  }
}

/** The plain way: one request through the gateway, answered when the video is ready. */
async function sendWhole(server, job, view) {
  await forget(job.id); // it cannot be taken up again
  const form = new FormData();
  form.append("file", job.file, job.name);
  const headers = { Authorization: `Bearer ${await server.tokens.current()}`, "X-Call-Id": job.id };
  const answered = send(server.uploadAddress, form, { method: "POST", headers, signal: view.signal, onSent: view.onSent });
  const { status, text, header } = await follow(server, job.id, answered, view);
  if (status === 0) throw unreachable();
  if (status >= 300) throw refusal(status, text, header("Retry-After"));
  return JSON.parse(text);
}

/** Asks for the ingest until it is answered; someone else's at the same video is followed instead. */
async function ingest(server, job, view) {
  for (let attempt = 0; ; attempt++) {
    try {
      const status = await follow(server, job.id, server.ingest(job.id, job.name.replace(/\.[^.]+$/, ""), view.signal), view);
      await forget(job.id);
      return status;
    } catch (error) {
      if (!["conflict", "busy", "unreachable", "server"].includes(error.kind)) throw error;
      // A gateway that does not wait as long as the ingest takes is no failure of it.
      const status = await server.video(job.id).catch(() => null);
      if (status) view.onStatus(status);
      if (status?.state === "failed") throw error.kind === "server" ? error : new Problem("undecodable", status.error ?? "This video could not be made.");
      if (status?.state === "ready") {
        await forget(job.id);
        return status;
      }
      if (error.kind !== "conflict") view.onWaiting(error.retryAfter ?? pauseBefore(attempt), error);
      await wait(error.kind === "conflict" ? pollEvery : error.retryAfter ?? pauseBefore(attempt), view.signal);
    }
  }
}

/** Waits for an answer, and tells meanwhile what the status document says. */
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
      if (!(error instanceof Problem)) throw error; // none yet, or not to be reached: the answer itself will tell
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
