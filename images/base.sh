#!/usr/bin/env bash
# Writes a small Debian as a tar to standard output: base.sh | docker import - shiva-base:bookworm
set -euo pipefail
suite=${SUITE:-bookworm}
say_and_stop() { echo "$1 Or build on an image that you have: make image BASE_IMAGE=debian:$suite" >&2; exit 1; }
[ "$(id -u)" = 0 ] || say_and_stop "Making a base image of Debian needs root."
command -v debootstrap >/dev/null || say_and_stop "Making a base image of Debian needs debootstrap: apt-get install debootstrap."
[ -t 1 ] && say_and_stop "The base image goes to standard output, which is a terminal."

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
log=$root.log
include=ca-certificates,curl,git,iproute2,less,nano,procps,python3,python3-venv,sudo,tini
debootstrap --variant=minbase --include=$include "$suite" "$root" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
rm "$log"

# Pages that nobody reads in a container, now and with every package to come; the licenses stay.
cat >"$root/etc/dpkg/dpkg.cfg.d/small" <<'CFG'
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
CFG
find "$root/usr/share/man" "$root/usr/share/info" "$root/usr/share/locale" -mindepth 1 -delete 2>/dev/null || true
find "$root/usr/share/doc" -type f ! -name copyright -delete
echo 'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache ""; Binary::apt::APT::Keep-Downloaded-Packages "false";' >"$root/etc/apt/apt.conf.d/small"
mirror=$(sed -n "s/^deb \([^ ]*\) $suite main.*/\1/p" "$root/etc/apt/sources.list")
printf 'deb %s %s main\n' "$mirror" "$suite" "$mirror" "$suite-updates" "${mirror%/}-security" "$suite-security" >"$root/etc/apt/sources.list"
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/var/cache/debconf/*-old
mkdir -p "$root/var/cache/apt/archives/partial" "$root/var/lib/apt/lists/partial"
tar --numeric-owner -C "$root" -c .
