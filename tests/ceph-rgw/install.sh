#!/usr/bin/env bash
# install.sh: unpacks Debian's Ceph RGW, an S3 server, into a cache folder once, and prints that folder. It is a real S3 for tests:
# it checks signatures and checksums, and its conditional writes have one winner. Nothing is installed: the packages are unpacked beside the
# system by a private apt, as any user. 150 MB to download, 480 MB on disk. Exits with 3 and one line of reason where that cannot be done.
set -euo pipefail
cannot() { echo "$*" >&2; exit 3; }

prefix=${XDG_CACHE_HOME:-$HOME/.cache}/reelseal/ceph-rgw
[[ -e $prefix/complete ]] && { echo "$prefix"; exit; }

for tool in apt-get dpkg dpkg-deb flock; do
  command -v $tool >/dev/null || cannot "Ceph RGW comes from Debian's packages, and this system has no $tool."
done
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/\?$') ||
  cannot "Ceph RGW comes from Debian's packages, and apt knows no Debian mirror here."
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[[ -e $keyring ]] || cannot "Ceph RGW comes from Debian's packages, and $keyring is missing."

mkdir -p "$prefix"
exec 9>"$prefix/lock"
flock -w 900 9 || cannot "Another process has been installing Ceph RGW for a quarter of an hour."
[[ -e $prefix/complete ]] && { echo "$prefix"; exit; }

apt=$prefix/apt
rm -rf "$apt" "$prefix/root"
mkdir -p "$apt"/{etc/apt.conf.d,etc/preferences.d,etc/sources.list.d,state/lists/partial,cache/archives/partial} "$prefix/root"
: >"$apt/status" # as if nothing were installed, so that every library comes along
private_apt() {
  apt-get -qq -o Dir::Etc="$apt/etc" -o Dir::Etc::sourceparts="$apt/etc/sources.list.d" -o Dir::State="$apt/state" \
    -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root -o APT::Update::Error-Mode=any \
    -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
    -o Acquire::IndexTargets::deb::DEP-11-icons::DefaultEnabled=false \
    -o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 "$@" >"$prefix/apt.log" 2>&1
}
download() {
  echo "deb [signed-by=$keyring] $mirror $1 main" >"$apt/etc/sources.list"
  private_apt update && private_apt install --no-install-recommends --download-only -y radosgw ceph-mon ceph-osd
}
# sid has version 20; trixie's 18 is older and will do.
download sid || download trixie || cannot "Ceph RGW could not be downloaded: $(grep -m1 '^[EW]:' "$prefix/apt.log" || echo "see $prefix/apt.log")"

# Only what the servers link to: no interpreters, no tools of the system, no volume manager.
skip='^(python3|libpython3|lvm2|systemd|cryptsetup|dmsetup|perl|dpkg|init-|udev|util-linux|coreutils|bash|adduser|passwd|login|debconf|sysvinit|hdparm|gdisk|parted|xfsprogs|uuid-runtime|ceph-volume|media-types|tzdata|nvme|smartmontools|krb5-locales|debianutils|mount|fdisk|kmod|apt|base-|dash|grep|sed|tar|gzip|findutils|ncurses|procps|psmisc|sudo|logsave|libperl|openssl_|ca-certificates|mailcap|netbase)'
for deb in "$apt"/cache/archives/*.deb; do
  [[ ${deb##*/} =~ $skip ]] || dpkg-deb -x "$deb" "$prefix/root"
done
rm -rf "$apt"
touch "$prefix/complete"
echo "$prefix"
