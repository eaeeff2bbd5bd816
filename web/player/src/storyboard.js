// The pictures above the seek bar: a WebVTT file whose cues name parts of sprites.

/**
 * Reads a storyboard.
 * @param {string} address of the WebVTT file
 * @returns {Promise<(seconds: number) => { name: string, x: number, y: number, width: number, height: number } | undefined>} the picture of a time: part of a file beside it
 */
export async function loadStoryboard(address) {
  const response = await fetch(address);
  if (!response.ok) return () => undefined; // playing does not depend on it
  const cues = read(await response.text());
  return seconds => cues.find(cue => seconds < cue.to) ?? cues.at(-1);
}

export function read(text) {
  const cue = /([\d:.]+) --> ([\d:.]+)[^\n]*\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)/g;
  return [...text.matchAll(cue)].map(([, from, to, name, ...box]) => {
    const [x, y, width, height] = box.map(Number);
    return { from: secondsOf(from), to: secondsOf(to), name, x, y, width, height };
  });
}

const secondsOf = time => time.split(":").reduce((sum, part) => 60 * sum + Number(part), 0);
