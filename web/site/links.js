// Links that play one video until a chosen time. A link is the page's address with a proof in its fragment, which no server is sent when the page loads.
// sign-playlist gives tickets for the proof until the link ends or is revoked.
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const maxLength = 200; // so that a link survives mail and chat in one line

/** @param {{ video: string, until: number, share: string }} shared @param {{ title?: string }} video */
export function linkFor(shared, { title }) {
  const link = `${location.origin}${location.pathname}#${new URLSearchParams({ video: shared.video, until: shared.until, share: shared.share })}`;
  const titled = title ? `${link}&${new URLSearchParams({ title })}` : link;
  return titled.length <= maxLength ? titled : link;
}

/** What shows the video in another page: the player in a frame. */
export function embedOf(shared, { title }) {
  const address = `${new URL("player/embed.html", location.href)}#${new URLSearchParams({ video: shared.video, until: shared.until, share: shared.share })}`;
  const label = title ? ` title="${title.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)}"` : "";
  return `<iframe src="${address.replaceAll("&", "&amp;")}"${label} width="640" height="360" allow="autoplay; fullscreen; picture-in-picture" style="border:0"></iframe>`;
}

/** The same as oEmbed has it (oembed.com, 2.3.4.2), for a site that takes it by hand: an address that a consumer could ask would put the link's proof in a query. */
export const oEmbedOf = (shared, video) => JSON.stringify({
  type: "video", version: "1.0", provider_name: "Reelseal", ...video.title && { title: video.title }, width: 640, height: 360, html: embedOf(shared, video),
});

/**
 * Reads the fragment of the page's address.
 * @returns null when it is no link; otherwise { id, token, title } or { id, until, share, title }, or with isSpoiled when it cannot be one that was given out
 */
export function readLink(hash) {
  const { video: id, token, until, share, title } = Object.fromEntries(new URLSearchParams(hash.slice(1)));
  if (token !== undefined) return { id, token, title };
  if (share === undefined) return null;
  return uuid.test(id) && /^[1-9][0-9]{0,11}$/.test(until) && share ? { id, until: Number(until), share, title } : { isSpoiled: true };
}
