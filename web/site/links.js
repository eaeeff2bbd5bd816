// Links that play one video until a chosen time. A link is the page's address with a ticket in its fragment, which no server is ever sent.
// The ticket says itself when it ends, and CloudFront and sign-playlist refuse everything after that: what its receiver keeps does not matter.
const playlistPath = /^\/videos\/([0-9a-f-]{36})\/multivariant\.m3u8$/;
const ownParameters = ["until", "proof"]; // of sign-playlist; the rest is CloudFront's signature, which also opens the pictures

/** @param {{ url: string }} ticket @param {{ title?: string, poster?: string, storyboard?: string }} video */
export function linkFor(ticket, video) {
  const { pathname, search } = new URL(ticket.url);
  const fragment = new URLSearchParams({ watch: pathname + search });
  for (const name of ["title", "poster", "storyboard"]) if (video[name]) fragment.set(name, video[name]);
  return `${location.origin}${location.pathname}#${fragment}`;
}

/**
 * Reads the fragment of the page's address.
 * @returns null when it is no link; otherwise { id, token } or { id, url, query, until, … }, or with isSpoiled when it cannot be one that was given out
 */
export function readLink(hash) {
  const fragment = new URLSearchParams(hash.slice(1));
  const { title, poster, storyboard } = Object.fromEntries(fragment);
  if (fragment.has("token")) return { id: fragment.get("video"), token: fragment.get("token"), title };
  if (!fragment.has("watch")) return null;
  // Only ever an address of this distribution, whatever the link says.
  const url = URL.canParse(fragment.get("watch"), location.origin) ? new URL(fragment.get("watch"), location.origin) : null;
  const id = url?.origin === location.origin ? playlistPath.exec(url.pathname)?.[1] : null;
  const until = Number(url?.searchParams.get("until"));
  if (!id || !(until > 0)) return { isSpoiled: true };
  const query = url.search.slice(1).split("&").filter(pair => !ownParameters.includes(pair.split("=")[0])).join("&");
  const own = key => key?.startsWith(`videos/${id}/`) ? key : undefined;
  return { id, url: url.href, query, until, title, poster: own(poster), storyboard: own(storyboard) };
}
