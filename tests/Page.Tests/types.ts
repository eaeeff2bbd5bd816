// What a developer writes with the player's package, for the compiler alone: TypesTests runs it through TypeScript.
import { type Problem, ReelsealPlayer, type Source, type Ticket } from "reelseal-player";

const made = document.createElement("reelseal-player");
const found = document.querySelector("reelseal-player");
if (!(made instanceof ReelsealPlayer) || !found) throw new Error("There is no player.");

const ticketOf = async (video: string): Promise<Ticket | null> => {
  const answer = await fetch(`/tickets/${video}`);
  return answer.ok ? answer.json() as Promise<Ticket> : null;
};
made.getTicket = ticketOf;
made.getTicket = null;

const source: Source = {
  getTicket: async () => ({ url: "https://media.example.com/videos/x/multivariant.m3u8", query: null, expires: 1 }),
  headersFor: url => url.startsWith("https://functions.example.com/") ? { Authorization: "Bearer x" } : {},
};
found.source = source;

found.addEventListener("expired", ({ detail }) => console.log(detail.message, detail.kind === "expired"));
found.addEventListener("error", event => { const problem: Problem = event.detail; console.log(problem.name); });
found.addEventListener("timeupdate", function () { console.log(this.currentTime / this.duration, this.buffered.length); });
found.addEventListener("click", event => console.log(event.target), { once: true });
found.onclick = event => console.log(event.clientX); // an element like any other

export async function play(): Promise<void> {
  await found!.load(10);
  await found!.play();
  found!.currentTime += 5;
  found!.playbackRate = 1.5;
  found!.muted = !found!.muted;
  found!.volume = .5;
  const video: HTMLVideoElement = found!.media;
  console.log(video.videoWidth, found!.paused, found!.ended, found!.error?.kind);
  found!.pause();
  found!.stop();
}

// @ts-expect-error a ticket has an end
made.getTicket = async () => ({ url: "", query: null });
// @ts-expect-error it is a media element's, and cannot be set
made.duration = 3;
// @ts-expect-error there is no such reason
made.addEventListener("error", ({ detail }) => detail.kind === "bored");
// @ts-expect-error the module has nothing else
import { Controls } from "reelseal-player";
