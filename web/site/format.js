// Numbers as people read them.

export const percent = share => `${Math.floor(100 * share)} %`;

export function bytes(count) {
  const units = ["bytes", "kB", "MB", "GB"];
  let unit = 0;
  while (count >= 1000 && unit < units.length - 1) { count /= 1000; unit++; }
  return `${count.toFixed(unit && count < 10 ? 1 : 0)} ${units[unit]}`;
}

/** 1:05, 1:02:03 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${String(m).padStart(2, "0")}:${String(s).padStart(2, "0")}` : `${m}:${String(s).padStart(2, "0")}`;
}

/** about 5 s, about 3 min, about 2 h */
export const timeLeft = seconds =>
  seconds < 90 ? `about ${Math.max(1, Math.round(seconds))} s` : seconds < 5400 ? `about ${Math.round(seconds / 60)} min` : `about ${Math.round(seconds / 3600)} h`;

/** 1 minute 5 seconds, for those who hear it */
export function spokenTime(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const named = [[Math.floor(whole / 3600), "hour"], [Math.floor(whole / 60) % 60, "minute"], [whole % 60, "second"]].filter(([count]) => count);
  return named.map(([count, name]) => `${count} ${name}${count === 1 ? "" : "s"}`).join(" ") || "0 seconds";
}

export const date = time => new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
