// Assembles the page: its configuration, its parts and the events between them.
import { ask } from "./dialogs.js";
import { Library } from "./library.js";
import { readLink } from "./links.js";
import "./player/reelseal-player.js";
import { wait } from "./player/waiting.js";
import { Problem, unreachable } from "./problem.js";
import { Server } from "./server.js";
import { Sharing } from "./share.js";
import { askedToken, fixedToken, tokensFrom } from "./tokens.js";
import { Tools } from "./tools.js";
import { UploadQueue } from "./upload-queue.js";
import { Watching } from "./watching.js";

const byId = id => document.getElementById(id);

/** Shows a message that concerns the whole page; null removes it. */
function tell(problem, tryAgain) {
  const [text, button] = byId("notice").children;
  byId("notice").hidden = !problem;
  text.textContent = problem?.message ?? "";
  byId("notice").dataset.kind = problem?.kind ?? "";
  button.hidden = !tryAgain;
  button.onclick = tryAgain ?? null;
}

/** config.json beside the page: { gateway, token?, tokenUrl?, developer? }. */
async function loadConfiguration() {
  let response;
  try {
    response = await fetch("config.json", { cache: "no-store" });
  } catch {
    throw unreachable();
  }
  if (!response.ok) throw new Problem("malformed", "This page has no config.json beside it.");
  return response.json();
}

/** The file of a failed video may have been removed, because no attempt could make anything of it. */
const gone = error => ["missing", "malformed"].includes(error.kind) ? new Problem("missing", "The file of this video is not there any more. Upload it again.") : error;

async function askForToken(refused) {
  byId("token-note").textContent = refused ? "That token was not accepted. It may be incomplete, or it has ended: ask for a new one." : "";
  await ask(byId("signing-in"));
  const token = byId("token").value.trim();
  byId("token").value = "";
  return token;
}

function tokensOf({ token, tokenUrl }) {
  if (tokenUrl) return tokensFrom(tokenUrl);
  return token ? fixedToken(token) : askedToken(askForToken);
}

function showWatching(server, isForDevelopers) {
  byId("ways").hidden = !isForDevelopers;
  const parts = {
    section: byId("watching"), title: byId("watching-title"), until: byId("watching-until"), coming: byId("watching-coming"), close: byId("watching-close"),
    player: document.querySelector("reelseal-player"), ways: byId("ways"),
  };
  const tools = new Tools({
    row: byId("tools"), subtitles: byId("edit-subtitles"), poster: byId("edit-poster"), download: byId("download"), subtitling: byId("subtitling"), posterChoice: byId("poster-choice"),
  }, parts.player, server, ask, problem => tell(problem));
  return new Watching(parts, tools, server, problem => tell(problem));
}

function showEverything(server, watching) {
  const sharing = new Sharing({
    dialog: byId("sharing"), presets: byId("share-presets"), until: byId("share-until"), most: byId("share-most"), note: byId("share-note"), result: byId("share-result"),
    link: byId("share-link"), embed: byId("share-embed"), make: byId("share-make"), revoke: byId("share-revoke"),
  }, server, ask, title => ask(byId("revoking"), title));
  const library = new Library({ list: byId("videos"), empty: byId("empty"), more: byId("more"), search: byId("search"), sort: byId("sort") }, server, {
    play: video => watching.play(video),
    share: video => sharing.share(video),
    async rename(video) {
      byId("new-title").value = video.title ?? "";
      if (await ask(byId("renaming")) !== "yes") return;
      const title = byId("new-title").value.trim();
      if (await isChanged(video, server.rename(video.id, title))) watching.rename({ ...video, title });
    },
    async retry(video) {
      const made = server.ingest(video.id).catch(error => { if (error.kind !== "conflict") tell(gone(error)); }).then(() => library.refresh());
      await Promise.race([made, wait(1)]); // it is answered when the video is made; by then its card shows how far it is
      await library.refresh();
    },
    async remove(video) {
      if (await ask(byId("deleting"), video.title ?? "This video") !== "yes") return;
      if (watching.isOf(video)) watching.stop();
      await isChanged(video, server.remove(video.id));
    },
    fail: problem => tell(problem, () => { tell(null); library.refresh(); }),
  });

  watching.tools.changed = () => library.refresh();

  /** Waits for a change of a video, and shows it or why there is none. What is gone already is gone. */
  async function isChanged(video, change) {
    const problem = await change.then(() => null, error => error.kind === "missing" ? null : error);
    tell(problem);
    await library.refresh();
    (byId(`more-${video.id}`) ?? byId("library-title")).focus();
    return problem === null;
  }

  const uploads = new UploadQueue({
    drop: byId("drop"), file: byId("file"), list: byId("uploads"), template: byId("upload"), dropHere: byId("drop-here"),
  }, server, {
    onVideos: () => library.refresh(),
    play: async video => watching.play(await server.video(video.id).catch(() => video)),
    link: video => sharing.copyLink(video),
  });
  byId("uploading").hidden = byId("library").hidden = false;
  library.refresh();
  uploads.resume();
}

async function start() {
  tell(null);
  try {
    const link = readLink(location.hash);
    const config = await loadConfiguration();
    const server = new Server(config.gateway, link?.token ? fixedToken(link.token) : tokensOf(config));
    const watching = showWatching(server, config.developer === true || new URLSearchParams(location.search).has("developer"));
    if (link) watching.playLink(link);
    else showEverything(server, watching);
  } catch (error) {
    tell(error, start);
  }
}

addEventListener("hashchange", () => location.reload()); // another link is another page
start();
