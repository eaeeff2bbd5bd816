// Uploads through the gateway, follows the status document, and plays through the edge with a ticket.
const { gateway, token } = await (await fetch("config.json")).json();
const authorization = { Authorization: `Bearer ${token}` };
const element = id => document.getElementById(id);
const [file, cancel, progress, state, player, videos] = ["file", "cancel", "progress", "state", "player", "videos"].map(element);

const say = text => { state.textContent = text; };

async function call(name, path, options = {}) {
  let response;
  try {
    response = await fetch(`${gateway}/function/${name}${path}`, { ...options, headers: authorization });
  } catch {
    throw new Error("The server cannot be reached.");
  }
  if (!response.ok) throw new Error(await reason(response.status, await response.text()));
  return response.status === 204 ? null : response.json();
}

/** The sentence of a problem document (RFC 9457), or one of our own. */
function reason(status, text) {
  try {
    return JSON.parse(text).detail ?? `The server answered ${status}.`;
  } catch {
    return `The server answered ${status}.`;
  }
}

function upload(source) {
  const id = crypto.randomUUID();
  const request = new XMLHttpRequest(); // fetch does not tell how much of a body is sent
  request.open("POST", `${gateway}/function/ingest-video/`);
  request.setRequestHeader("Authorization", authorization.Authorization);
  request.setRequestHeader("X-Call-Id", id);
  const form = new FormData();
  form.append("file", source, source.name);

  let following = 0;
  const done = text => {
    clearInterval(following);
    cancel.hidden = progress.hidden = true;
    file.disabled = false;
    file.value = "";
    say(text);
    list();
  };
  request.upload.onprogress = event => {
    progress.value = event.loaded / event.total;
    say(`Sending: ${Math.round(100 * progress.value)} %`);
  };
  request.upload.onload = () => {
    following = setInterval(async () => {
      try {
        const status = await call("ingest-video", `/videos/${id}`);
        progress.value = status.progress;
        say(`${status.state}: ${Math.round(100 * status.progress)} %`);
      } catch (error) {
        say(error.message);
      }
    }, 1000);
  };
  request.onload = () => done(request.status < 300 ? "Ready." : reason(request.status, request.responseText));
  request.onerror = () => done("The connection was lost.");
  request.onabort = () => done("Cancelled.");
  cancel.onclick = async () => {
    request.abort();
    await call("ingest-video", `/videos/${id}`, { method: "DELETE" }).catch(() => {}); // there is nothing to delete before the upload is complete
  };
  cancel.hidden = progress.hidden = false;
  file.disabled = true;
  request.send(form);
}

async function watch(id) {
  try {
    if (!player.canPlayType("application/vnd.apple.mpegurl")) throw new Error("This browser plays no HLS by itself.");
    const ticket = await call("sign-playlist", `/videos/${id}`);
    player.hidden = false;
    player.src = ticket.url;
    await player.play();
  } catch (error) {
    say(error.message);
  }
}

function button(text, label, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.setAttribute("aria-label", label);
  made.onclick = action;
  return made;
}

async function list() {
  try {
    const page = await call("ingest-video", "/videos");
    videos.replaceChildren(...page.videos.map(video => {
      const item = document.createElement("li");
      const title = video.title ?? video.id;
      item.append(`${title} · ${video.state === "ready" ? `${Math.round(video.duration)} s` : video.error ?? video.state}`);
      if (video.state === "ready") item.append(button("Play", `Play ${title}`, () => watch(video.id)));
      item.append(button("Delete", `Delete ${title}`, async () => {
        if (!confirm(`Delete ${title}?`)) return;
        await call("ingest-video", `/videos/${video.id}`, { method: "DELETE" }).catch(error => say(error.message));
        list();
      }));
      return item;
    }));
  } catch (error) {
    say(error.message);
  }
}

file.onchange = () => file.files.length && upload(file.files[0]);
list();
