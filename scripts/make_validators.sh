#!/usr/bin/env bash
# Builds the consumers' own validators, each in an environment of its own under .validators/, so that costctl depends on
# none of them. Versions are pinned: 1.82.7 and 1.82.8 of litellm were malicious releases, 1.107 was withdrawn.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}

build() {
  local folder=".validators/$1" stamp
  shift
  stamp="$folder/.installed: $*"
  if [ "$(cat "$folder/.installed" 2>/dev/null || true)" = "$stamp" ]; then return; fi
  echo "Installing $* into $folder"
  rm -rf "$folder"
  "$python" -m venv "$folder"
  "$folder/bin/python" -m pip --disable-pip-version-check install --quiet "$@"
  echo "$stamp" >"$folder/.installed"
}

build litellm "litellm==1.103.7"
build triton "tritonclient[grpc]==2.73.0"
