#!/usr/bin/env bash
# Prometheus and node_exporter for `make run`: those of the system, or the distribution's packages unpacked into
# .tools/debian: no daemon is started and nothing outside this folder changes.
set -euo pipefail
cd "$(dirname "$0")/../.."
packages="prometheus prometheus-node-exporter"
have() { PATH="$PWD/.tools/debian/usr/bin:$PATH" command -v "$1" >/dev/null; }

missing=""
for package in $packages; do have "$package" || missing="$missing $package"; done
[ -z "$missing" ] && exit 0

say_and_stop() {
  echo "Shiva needs$missing, and could not fetch them itself. Install them with: apt-get install$missing" >&2
  exit 1
}
command -v apt-get >/dev/null && command -v dpkg >/dev/null || say_and_stop
echo "Fetching$missing from the distribution …"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
# shellcheck disable=SC2086  # a list of words
fetch() { (cd "$folder" && apt-get download $missing >"$folder/log" 2>&1); }
if ! fetch; then
  if [ "$(id -u)" = 0 ]; then apt-get update -qq >/dev/null || say_and_stop
  else sudo -n apt-get update -qq >/dev/null 2>&1 || say_and_stop; fi
  fetch || say_and_stop
fi
for package in "$folder"/*.deb; do dpkg -x "$package" .tools/debian; done
for package in $missing; do have "$package" || say_and_stop; done
