// What each key does to the player.
export const keyActions = {
  " ": player => player.togglePlay(),
  k: player => player.togglePlay(),
  arrowleft: player => player.seekTo(player.video.currentTime - 5),
  arrowright: player => player.seekTo(player.video.currentTime + 5),
  j: player => player.seekTo(player.video.currentTime - 10),
  l: player => player.seekTo(player.video.currentTime + 10),
  home: player => player.seekTo(0),
  end: player => player.seekTo(player.video.duration),
  arrowup: player => player.changeVolume(0.1),
  arrowdown: player => player.changeVolume(-0.1),
  m: player => { player.video.muted = !player.video.muted; },
  c: player => player.toggleSubtitles(),
  f: player => player.toggleFullscreen(),
  "<": player => player.changeSpeed(-1),
  ">": player => player.changeSpeed(1),
};
for (let tenth = 0; tenth <= 9; tenth++) keyActions[tenth] = player => player.seekTo(player.video.duration * tenth / 10);
