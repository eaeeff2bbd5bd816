#!/usr/bin/env bash
# install.sh: prints the path of Caddy, the proxy of compose.yaml: the system's, or Debian's or Ubuntu's package unpacked into a cache folder once. Installing the
# package would start a server on this machine's port 80. 10 MB to download. Exits with 3 and one line of reason where that cannot be done.
set -euo pipefail
cannot() { echo "$*" >&2; exit 3; }

command -v caddy && exit
prefix=${XDG_CACHE_HOME:-$HOME/.cache}/reelseal/caddy
[[ -e $prefix/complete ]] && { echo "$prefix/usr/bin/caddy"; exit; }
for tool in apt-get dpkg-deb flock; do
  command -v $tool >/dev/null || cannot "Caddy comes from a package of Debian or Ubuntu, and this system has no $tool."
done
mkdir -p "$prefix"
exec 9>"$prefix/lock"
flock -w 300 9 || cannot "Another process has been installing Caddy for five minutes."
[[ -e $prefix/complete ]] && { echo "$prefix/usr/bin/caddy"; exit; }
cd "$prefix"
apt-get -qq download caddy 2>"$prefix/apt.log" || cannot "The package caddy cannot be downloaded: $(grep -m1 '^E:' "$prefix/apt.log" || echo "see $prefix/apt.log")"
dpkg-deb -x caddy_*.deb "$prefix"
rm -f caddy_*.deb
touch complete
echo "$prefix/usr/bin/caddy"
