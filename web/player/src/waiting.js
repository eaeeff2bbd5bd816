// Waits before a retry.

const longest = 15;
const retries = new EventTarget();

/** Ends every wait, because the user pressed the button. */
export const retryNow = () => retries.dispatchEvent(new Event("retry"));

/** How long to wait before the next attempt, in seconds: 1, 2, 4, 8, then 15. */
export const pauseBefore = attempt => Math.min(2 ** attempt, longest);

/** Waits; ends early when the network is back, or on retryNow. Rejects when the signal aborts. */
export function wait(seconds, signal) {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const ended = new AbortController();
    const end = () => { clearTimeout(timer); ended.abort(); resolve(); };
    const timer = setTimeout(end, seconds * 1000);
    addEventListener("online", end, { signal: ended.signal });
    retries.addEventListener("retry", end, { signal: ended.signal });
    signal?.addEventListener("abort", () => { clearTimeout(timer); ended.abort(); reject(signal.reason); }, { signal: ended.signal });
  });
}
