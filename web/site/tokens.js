// Where the token comes from that the functions ask for.

/**
 * A token and, where it can be had, the next one.
 * @typedef {{ current(): Promise<string>, renew(): Promise<boolean> }} Tokens
 */

/** One token, for good: of a link, or of a system on one machine. */
export const fixedToken = token => ({ current: async () => token, renew: async () => false });

/** Tokens of an address that knows who is signed in, and answers {"token": "…"}. */
export function tokensFrom(address) {
  let token = null;
  const fetchToken = async () => {
    const response = await fetch(address, { credentials: "include", cache: "no-store" });
    if (!response.ok) return "";
    return (await response.json()).token;
  };
  return {
    current: () => token ??= fetchToken(),
    renew: async () => Boolean(await (token = fetchToken())),
  };
}

/** A token that someone pastes; it is forgotten with the tab. */
export function askedToken(ask) {
  const key = "reelseal-token";
  const renew = async () => {
    sessionStorage.setItem(key, await ask());
    return true;
  };
  return {
    current: async () => {
      if (!sessionStorage.getItem(key)) await renew();
      return sessionStorage.getItem(key);
    },
    renew,
  };
}
