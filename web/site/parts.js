// A file in parts, straight to the store, several at a time. A part that is lost is sent again alone.
import { Problem, refusal } from "./problem.js";
import { send } from "./sending.js";
import { pauseBefore, wait } from "./player/waiting.js";

const atOnce = 4;
const refusalsInARow = 3;

/**
 * Sends the missing parts of an upload.
 * @param {File} file
 * @param {{ partSize: number, parts: {number, url}[], uploaded: {number, etag}[] }} upload as the function describes it
 * @param {object} options
 * @param {() => Promise<object>} options.again asks the function again for fresh addresses and the parts that have arrived
 * @param {AbortSignal} options.signal
 * @param {(bytes: number) => void} options.onSent how much of the file has arrived or is on its way
 * @param {(seconds: number | null) => void} options.onWaiting the connection is lost and will be tried again in so many seconds; null: it is back
 * @returns {Promise<{number, etag}[]>} all parts, for completing the upload
 */
export async function sendParts(file, upload, { again, signal, onSent, onWaiting }) {
  const failed = new AbortController();
  const ended = AbortSignal.any([signal, failed.signal]);
  const there = new Map(upload.uploaded.map(part => [part.number, part.etag]));
  const addresses = new Map(upload.parts.map(part => [part.number, part.url]));
  const left = [...addresses.keys()];
  const onTheWay = new Map();
  let asking = null;

  const sizeOf = number => Math.min(upload.partSize, file.size - (number - 1) * upload.partSize);
  const tell = () => onSent([...there.keys()].reduce((sum, number) => sum + sizeOf(number), 0) + [...onTheWay.values()].reduce((sum, bytes) => sum + bytes, 0));

  async function freshAddresses() {
    const answer = await (asking ??= again().finally(() => { asking = null; }));
    for (const part of answer.parts) addresses.set(part.number, part.url);
  }

  async function sendPart(number) {
    const from = (number - 1) * upload.partSize;
    const part = file.slice(from, from + upload.partSize);
    for (let attempt = 0, refusals = 0; ;) {
      const answer = await send(addresses.get(number), part, {
        method: "PUT", signal: ended, onSent: bytes => { onTheWay.set(number, bytes); tell(); },
      });
      onTheWay.delete(number);
      if (answer.status === 200) {
        there.set(number, answer.header("ETag"));
        onWaiting(null);
        tell();
        return;
      }
      if (answer.status === 403 && ++refusals < refusalsInARow) {
        await patiently(freshAddresses); // addresses expire after an hour
      } else if (answer.status >= 400 && answer.status < 500) {
        throw refusal(answer.status, answer.text);
      } else {
        await readable(part);
        await pause(attempt++);
      }
    }
  }

  async function patiently(action) {
    for (let attempt = 0; ; attempt++) {
      try {
        return await action();
      } catch (error) {
        if (error.kind !== "unreachable") throw error;
        await pause(attempt);
      }
    }
  }

  async function pause(attempt) {
    const seconds = pauseBefore(attempt);
    onWaiting(seconds);
    await wait(seconds, ended);
  }

  async function worker() {
    for (let number; (number = left.shift()) !== undefined;) await sendPart(number);
  }

  tell();
  try {
    await Promise.all(Array.from({ length: atOnce }, worker));
  } catch (error) {
    failed.abort(error);
    throw error;
  }
  return [...there].map(([number, etag]) => ({ number, etag })).sort((one, other) => one.number - other.number);
}

/** A request whose body cannot be read looks like a lost connection. */
async function readable(part) {
  try {
    await part.slice(0, 1).arrayBuffer();
  } catch {
    throw new Problem("lost-file", "The file cannot be read any more. Choose it again.");
  }
}
