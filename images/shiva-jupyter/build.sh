#!/usr/bin/env bash
# Builds the image with the engine that DOCKER_HOST names: build.sh [TAG] [more options of `docker build`]
#   BASE_IMAGE=…   any Debian 12+, Ubuntu 22.04+ or CUDA image; without it, ours, which base.sh makes where it is missing
#   CA_BUNDLE=…    certificates for machines behind a private CA; PIP_CERT and SSL_CERT_FILE are found by themselves
#   PIP_CONF=…     a pip.conf that names the package index of the house; it stays out of the image
set -euo pipefail
cd "$(dirname "$0")"
tag=${1:-shiva-jupyter:dev}
shift || true

# A client with BuildKit: built in before version 23, a plugin from then on. The first of the PATH may lack the plugin.
docker=""
while read -r client; do
  if "$client" buildx version >/dev/null 2>&1 || [[ $("$client" --version) =~ version\ (19|20|2[0-2])\. ]]; then docker=$client; break; fi
done < <(type -ap docker)
[ -n "$docker" ] || { echo "No docker client here can build: install docker.io, or docker-buildx beside the client that is there." >&2; exit 1; }

base=${BASE_IMAGE:-shiva-base:bookworm}
if [ -z "${BASE_IMAGE:-}" ] && ! "$docker" image inspect "$base" >/dev/null 2>&1; then
  echo "Making $base …"
  ../base.sh | "$docker" import - "$base" >/dev/null
fi

options=()
ca=${CA_BUNDLE:-${PIP_CERT:-${SSL_CERT_FILE:-}}}
[ -f "$ca" ] && options+=(--secret "id=ca,src=$ca")
[ -f "${PIP_CONF:-}" ] && options+=(--secret "id=pip.conf,src=$PIP_CONF")
DOCKER_BUILDKIT=1 exec "$docker" build --progress plain --tag "$tag" --build-arg "BASE_IMAGE=$base" ${options[@]+"${options[@]}"} "$@" .
