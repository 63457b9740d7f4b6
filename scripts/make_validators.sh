#!/usr/bin/env bash
# Builds the consumers' own validators, and real clients, each in an environment of its own under .validators/: costctl depends on
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

# The first of these interpreters that runs and is at least so new; empty where none is.
newer_python() {
  local wanted=$1 each
  for each in "$python" python3.14 python3.13 python3.12 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-9]*/bin/python; do
    if "$each" -c "import sys; sys.exit(sys.version_info < ($wanted))" 2>/dev/null; then echo "$each"; return; fi
  done
}

build litellm "litellm==1.103.7"
build triton "tritonclient[grpc]==2.73.0"

# Real clients under real instrumentations, whose spans the tests read. openai-v2 2.4b0 works with util-genai 1.1b0 only,
# and with httpx 0.28.
build clients "openai==3.57.0" "httpx==0.28.1" "opentelemetry-sdk==1.45.2" \
  "opentelemetry-exporter-otlp-proto-http==1.45.2" "opentelemetry-instrumentation-openai-v2==2.4b0" \
  "opentelemetry-util-genai==1.1b0" "openinference-instrumentation-openai==0.1.66" \
  "opentelemetry-instrumentation-openai==0.62.4"

# A browser, in which the tests look at the page of `costctl report`.
if ! command -v chromium >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "Installing Debian's chromium"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
fi

# The validator of FOCUS files asks for Python 3.12 and numpy 1, which pyarrow 22 no longer takes. It ships the rules of 1.2.
python=$(newer_python 3,12)
if [ -z "$python" ]; then
  echo "focus-validator needs Python 3.12 or newer; name one with: PYTHON=python3.12 $0" >&2
  exit 2
fi
build focus "focus-validator==2.2.1" "pyarrow==21.0.0" "duckdb==1.5.6"
