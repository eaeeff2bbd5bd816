// Measures the upload rate over the last seconds.

const window = 5000; // ms

export class Rate {
  #samples = [];

  /** @returns bytes per second, or 0 while unknown */
  add(bytes, now = performance.now()) {
    const samples = this.#samples;
    if (samples.length && bytes < samples.at(-1).bytes) samples.length = 0; // a part was lost: start again
    samples.push({ bytes, now });
    while (samples.length > 2 && now - samples[0].now > window) samples.shift();
    const elapsed = now - samples[0].now;
    return elapsed < 200 ? 0 : (bytes - samples[0].bytes) / elapsed * 1000;
  }
}
