#!/bin/sh
# Runs inside the build: packages of the distribution, the server's Python in /opt/shiva, and a kernel for the image's own.
set -eu
cd /run/context
ca=/run/secrets/ca.pem

# A base that has everything already, as ours does, asks no package server.
missing=""
for package in ca-certificates git less libpam-modules procps python3 python3-venv sudo tini util-linux; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
if [ -n "$missing" ]; then
  if [ -s $ca ]; then set -- -o Acquire::https::CaInfo=$ca; fi
  apt-get "$@" update -qq
  # shellcheck disable=SC2086  # a list of words
  DEBIAN_FRONTEND=noninteractive apt-get "$@" install -y -qq --no-install-recommends $missing >/dev/null
  apt-get clean
  rm -rf /var/lib/apt/lists/*
fi
/usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
  echo "shiva-jupyter needs a base with Python 3.10 or newer: Debian 12, Ubuntu 22.04, or later." >&2
  exit 1
}

# Two Pythons: the server's own, without pip, and the first python3 of the PATH for notebooks and for what people install.
python=$(command -v python3)
export PIP_CACHE_DIR=/var/cache/pip PIP_CONFIG_FILE=/run/secrets/pip.conf PIP_NO_COMPILE=1 PIP_QUIET=1
export PIP_BREAK_SYSTEM_PACKAGES=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
if [ -s $ca ]; then export PIP_CERT=$ca; fi
/usr/bin/python3 -m venv /opt/shiva
/opt/shiva/bin/pip install --require-hashes --no-deps -r server.lock
/opt/shiva/bin/pip --python "$python" install --require-hashes --no-deps --ignore-installed -r kernel.lock
/opt/shiva/bin/pip uninstall -y pip setuptools 2>/dev/null
"$python" -m ipykernel install --prefix /usr/local >/dev/null
ln -sf /opt/shiva/bin/jupyter /usr/local/bin/jupyter
command -v python >/dev/null || ln -s "$python" /usr/local/bin/python
printf '[global]\nbreak-system-packages = true\ndisable-pip-version-check = true\n' >/etc/pip.conf

# Nobody debugs the server here; bytecode that is never compared with its source saves a look at every file of a cold start.
find /opt/shiva -depth \( -name tests -o -name '*.map' \) -exec rm -rf {} +
bytecode() { "$1" -m compileall -q -j 0 --invalidation-mode unchecked-hash "$2" || true; } # templates are not all Python
bytecode /opt/shiva/bin/python /opt/shiva/lib
bytecode "$python" "$("$python" -c 'import ipykernel, pathlib; print(pathlib.Path(ipykernel.__file__).parents[1])')"

# The entry writes this at every start: what to do at the end of a person's sudo session.
: >/etc/pam.d/shiva-session
for service in sudo sudo-i; do echo '@include shiva-session' >>/etc/pam.d/$service; done
