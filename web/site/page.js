// Assembles the page: its configuration, its parts and the events between them.
import { ask } from "./dialogs.js";
import { Library } from "./library.js";
import { readLink } from "./links.js";
import { Player } from "./player.js";
import { Problem, unreachable } from "./problem.js";
import { Server } from "./server.js";
import { Sharing } from "./share.js";
import { askedToken, fixedToken, tokensFrom } from "./tokens.js";
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

/** config.json beside the page: { gateway, token? , tokenUrl? }. */
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

function showWatching(server) {
  const player = new Player({
    player: byId("player"), video: byId("video"), state: byId("player-state"), play: byId("play"), mute: byId("mute"), volume: byId("volume"), seek: byId("seek"),
    preview: byId("preview"), time: byId("time"), quality: byId("quality"), audio: byId("audio"), subtitles: byId("subtitles"), fullscreen: byId("fullscreen"),
  });
  const parts = { section: byId("watching"), title: byId("watching-title"), until: byId("watching-until"), coming: byId("watching-coming"), close: byId("watching-close"), ways: byId("ways") };
  return new Watching(parts, player, server, tell);
}

function showEverything(server, watching) {
  const sharing = new Sharing({
    dialog: byId("sharing"), until: byId("share-until"), note: byId("share-note"), result: byId("share-result"), link: byId("share-link"), make: byId("share-make"), copy: byId("share-copy"),
  }, server, ask);
  const library = new Library({ list: byId("videos"), empty: byId("empty"), more: byId("more") }, server, {
    play: video => watching.play(video),
    share: video => sharing.share(video),
    async remove(video) {
      if (await ask(byId("deleting"), video.title ?? "This video") !== "yes") return;
      try {
        if (watching.isOf(video)) watching.stop();
        await server.remove(video.id);
        tell(null);
      } catch (error) {
        if (error.kind !== "missing") tell(error);
      }
      await library.refresh();
      byId("library-title").focus();
    },
    fail: problem => tell(problem, () => { tell(null); library.refresh(); }),
  });
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
    const watching = showWatching(server);
    if (link) await watching.playLink(link);
    else showEverything(server, watching);
  } catch (error) {
    tell(error, start);
  }
}

addEventListener("hashchange", () => location.reload()); // another link is another page
start();
