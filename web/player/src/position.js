// Where a viewer was in a video, kept by the browser.
const key = video => `reelseal-position:${video}`;
const edge = 10; // s: a viewer who is that near the beginning or the end begins at the beginning

export function rememberedPosition(video) {
  try {
    return Number(localStorage.getItem(key(video))) || 0;
  } catch {
    return 0; // a frame of another site may have no storage
  }
}

export function rememberPosition(video, { currentTime, duration, ended }) {
  try {
    if (!ended && currentTime > edge && currentTime < duration - edge) localStorage.setItem(key(video), currentTime.toFixed(1));
    else localStorage.removeItem(key(video));
  } catch {
    // It begins at the beginning.
  }
}
