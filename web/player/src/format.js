// Times as people read them.

/** 1:05, 1:02:03 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${String(m).padStart(2, "0")}:${String(s).padStart(2, "0")}` : `${m}:${String(s).padStart(2, "0")}`;
}

/** 1 minute 5 seconds, for those who hear it */
export function spokenTime(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const named = [[Math.floor(whole / 3600), "hour"], [Math.floor(whole / 60) % 60, "minute"], [whole % 60, "second"]].filter(([count]) => count);
  return named.map(([count, name]) => `${count} ${name}${count === 1 ? "" : "s"}`).join(" ") || "0 seconds";
}
