// Gets the token for the functions.
import { unreachable } from "./problem.js";

/**
 * A token and its renewal: renew gets the refused token, and resolves to false if there is no other.
 * @typedef {{ current(): Promise<string>, renew(refused: string): Promise<boolean> }} Tokens
 */

/** A fixed token: of a link, or of a system on one machine. */
export const fixedToken = token => ({ current: async () => token, renew: async () => false });

/** Tokens from an endpoint that knows who is signed in and answers {"token": "…"}. */
export const tokensFrom = address => renewable("", async () => {
  const response = await fetch(address, { credentials: "include", cache: "no-store" }).catch(() => { throw unreachable(); });
  return response.ok ? (await response.json()).token : ""; // nobody is signed in: the functions will answer 401
});

/**
 * A token that the user pastes; it is forgotten when the tab closes.
 * @param {(refused: string) => Promise<string>} ask gets the token that was refused, or ""
 */
export function askedToken(ask) {
  const key = "reelseal-token";
  return renewable(sessionStorage.getItem(key) ?? "", async refused => {
    const token = await ask(refused);
    sessionStorage.setItem(key, token);
    return token;
  });
}

/** Gets a token if there is none or if it was refused; concurrent callers share one request. */
function renewable(token, next) {
  let asking = null;
  const ask = () => asking ??= next(token).then(got => { token = got; }).finally(() => { asking = null; });
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
