// Numbers as people read them.

export const percent = share => `${Math.floor(100 * share)} %`;

export function bytes(count) {
  const units = ["bytes", "kB", "MB", "GB"];
  let unit = 0;
  while (count >= 1000 && unit < units.length - 1) { count /= 1000; unit++; }
  return `${count.toFixed(unit && count < 10 ? 1 : 0)} ${units[unit]}`;
}

/** about 5 s, about 3 min, about 2 h */
export const timeLeft = seconds =>
  seconds < 90 ? `about ${Math.max(1, Math.round(seconds))} s` : seconds < 5400 ? `about ${Math.round(seconds / 60)} min` : `about ${Math.round(seconds / 3600)} h`;

export const date = time => new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

export const day = time => new Date(time).toLocaleDateString(undefined, { dateStyle: "medium" });
