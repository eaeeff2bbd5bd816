// A video in a frame. Its address carries everything in the fragment, which no server and no Referer sees:
//   #video=ID&until=SECONDS&share=…       a share link
//   #video=ID&origin=https://app.example  asks the page around it for tickets, by messages that only that origin gets, and only it may answer
import "./reelseal-player.js";
import { expired, notAllowed, unreachable } from "./problem.js";
import { ticketsOfLink } from "./tickets.js";

const answerWithin = 15_000; // ms
const player = document.querySelector("reelseal-player");
const { video: id, until, share, origin, title, autoplay } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

async function gatewayOf(address) {
  try {
    return (await (await fetch(address)).json()).gateway;
  } catch {
    throw unreachable(); // also where there is a page of an error
  }
}

/** Sends the page around this one a message, if it was named. */
const tell = message => { if (origin && parent !== window) parent.postMessage({ reelseal: id, ...message }, origin); };

/** @returns what the page around this one answers */
function ask(question) {
  return new Promise((resolve, reject) => {
    const done = new AbortController();
    const timer = setTimeout(() => { done.abort(); reject(unreachable()); }, answerWithin);
    addEventListener("message", event => {
      if (!isFromParent(event) || event.data.type !== question.answer) return;
      clearTimeout(timer);
      done.abort();
      resolve(event.data);
    }, { signal: done.signal });
    tell(question);
  });
}

const isFromParent = event => event.origin === origin && event.source === parent && event.data?.reelseal === id;

/** A ticket from the page around this one; it may name no other distribution, and null says that there is no more. */
async function ticketOfParent() {
  const { ticket } = await ask({ type: "get-ticket", answer: "ticket" });
  if (!ticket) throw expired();
  if (new URL(ticket.url).origin !== location.origin) throw notAllowed();
  return ticket;
}

function listenToParent() {
  for (const type of ["play", "pause", "ended", "timeupdate", "expired", "revoked", "unreachable", "error"]) player.addEventListener(type, ({ detail }) =>
    tell({ type, currentTime: player.currentTime, duration: player.duration, error: detail && { kind: detail.kind, message: detail.message } }));
  addEventListener("message", event => {
    if (!isFromParent(event)) return;
    const { type, seconds } = event.data;
    if (type === "play") player.play().catch(() => {});
    if (type === "pause") player.pause();
    if (type === "seek" && Number.isFinite(seconds)) player.currentTime = seconds;
  });
}

function start() {
  if (title) {
    document.title = title;
    player.setAttribute("label", title);
  }
  player.toggleAttribute("autoplay", autoplay !== undefined);
  player.setAttribute("video", id ?? "");
  if (origin) {
    listenToParent();
    player.getTicket = ticketOfParent;
  } else {
    const link = { id, until: Number(until), share: share ?? "" };
    player.source = { getTicket: async () => ticketsOfLink(await gatewayOf(new URL("../config.json", location)), link)() };
  }
}

addEventListener("hashchange", () => location.reload());
start();
