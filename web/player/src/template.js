// The player's elements.
const icons = {
  play: "M8 5.1v13.8c0 .8.9 1.3 1.6.8l10.3-6.9c.6-.4.6-1.2 0-1.6L9.6 4.3C8.9 3.8 8 4.3 8 5.1z",
  pause: "M7 5h3.5v14H7zM13.5 5H17v14h-3.5z",
  sound: "M4 9.5v5h3.2l4.8 4V5.5l-4.8 4zM15 8.6a4.8 4.8 0 0 1 0 6.8l1.3 1.3a6.6 6.6 0 0 0 0-9.4zM17.6 6l-1.3-1.3M17.8 5.8a8.8 8.8 0 0 1 0 12.4l1.3 1.3a10.6 10.6 0 0 0 0-15z",
  silent: "M4 9.5v5h3.2l4.8 4V5.5l-4.8 4zM21.5 9.8l-1.3-1.3-2.5 2.5-2.5-2.5-1.3 1.3 2.5 2.5-2.5 2.5 1.3 1.3 2.5-2.5 2.5 2.5 1.3-1.3-2.5-2.5z",
  settings: "M19.4 13a7.6 7.6 0 0 0 0-2l2-1.6-2-3.4-2.4 1a7.5 7.5 0 0 0-1.7-1L15 3.5h-4L10.6 6a7.5 7.5 0 0 0-1.7 1l-2.4-1-2 3.4 2 1.6a7.6 7.6 0 0 0 0 2l-2 1.6 2 3.4 2.4-1c.5.4 1.1.7 1.7 1l.4 2.5h4l.4-2.5c.6-.3 1.2-.6 1.7-1l2.4 1 2-3.4zM13 15.2a3.2 3.2 0 1 1 0-6.4 3.2 3.2 0 0 1 0 6.4z",
  pip: "M3 5h18v14H3zm2 2v10h14V7zm7 4h6v5h-6z",
  fullscreen: "M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z",
  window: "M8 4h2v6H4V8h4zM14 4h2v4h4v2h-6zM4 14h6v6H8v-4H4zM14 14h6v2h-4v4h-2z",
};

const icon = (...names) => names.map(name => `<svg class="${name}" viewBox="0 0 24 24" aria-hidden="true"><path d="${icons[name]}"/></svg>`).join("");

const menu = (id, label) => `<label hidden><span>${label}</span><select id="${id}"></select></label>`;

export const template = document.createElement("template");
template.innerHTML = `
  <link rel="stylesheet" href="${new URL("player.css", import.meta.url)}">
  <div id="player" class="player" part="player" role="group" tabindex="-1" hidden>
    <video id="video" part="video" playsinline></video>
    <button id="start" type="button" class="start" aria-label="Play">${icon("play")}</button>
    <div class="message"><p id="player-state" role="status"></p><button id="again" type="button" hidden>Try again</button></div>
    <div class="controls" part="controls">
      <div class="seeking">
        <div id="preview" class="preview" aria-hidden="true" hidden><div></div><span></span></div>
        <input id="seek" type="range" min="0" max="0" step="0.1" value="0" aria-label="Position">
        <div id="marks" class="marks" aria-hidden="true"></div>
      </div>
      <button id="play" type="button" class="icon" aria-label="Play" aria-keyshortcuts="Space K">${icon("play", "pause")}</button>
      <button id="mute" type="button" class="icon" aria-label="Mute" aria-keyshortcuts="M">${icon("sound", "silent")}</button>
      <input id="volume" type="range" min="0" max="1" step="0.05" value="1" aria-label="Volume">
      <span id="time" class="time">0:00 / 0:00</span>
      <span id="chapter" class="chapter" dir="auto"></span>
      <button id="settings" type="button" class="icon" aria-label="Settings" aria-expanded="false" aria-controls="menu">${icon("settings")}</button>
      <button id="pip" type="button" class="icon" aria-label="Picture in picture" hidden>${icon("pip")}</button>
      <button id="fullscreen" type="button" class="icon" aria-label="Full screen" aria-keyshortcuts="F">${icon("fullscreen", "window")}</button>
    </div>
    <div id="menu" class="menu" role="group" aria-label="Settings" hidden>
      ${menu("quality", "Quality")}${menu("audio", "Sound")}${menu("subtitles", "Subtitles")}${menu("speed", "Speed")}${menu("chapters", "Chapter")}
    </div>
  </div>`;
