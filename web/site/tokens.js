// Where the token comes from that the functions ask for.
import { unreachable } from "./problem.js";

/**
 * A token and, where it can be had, the next one: renew is told which was refused, and false when there is no other.
 * @typedef {{ current(): Promise<string>, renew(refused: string): Promise<boolean> }} Tokens
 */

/** One token, for good: of a link, or of a system on one machine. */
export const fixedToken = token => ({ current: async () => token, renew: async () => false });

/** Tokens of an address that knows who is signed in, and answers {"token": "…"}. */
export const tokensFrom = address => renewable("", async () => {
  const response = await fetch(address, { credentials: "include", cache: "no-store" }).catch(() => { throw unreachable(); });
  return response.ok ? (await response.json()).token : ""; // nobody is signed in: the functions will say so
});

/** A token that someone pastes; it is forgotten with the tab. */
export function askedToken(ask) {
  const key = "reelseal-token";
  return renewable(sessionStorage.getItem(key) ?? "", async () => {
    const token = await ask();
    sessionStorage.setItem(key, token);
    return token;
  });
}

/** Gets a token when there is none, or when it was refused; whoever needs one meanwhile waits for the same. */
function renewable(token, next) {
  let asking = null;
  const ask = () => asking ??= next().then(got => { token = got; }).finally(() => { asking = null; });
  return {
    async current() {
      if (!token) await ask();
      return token;
    },
    async renew(refused) {
      if (token === refused) await ask();
      return Boolean(token);
    },
  };
}
