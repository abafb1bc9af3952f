#!/usr/bin/env bash
# Loads `autoint serve` and a FastAPI + onnxruntime server of the same run, one after the other; prints a Markdown table.
#   benches/peers/serve.sh RUN MOVIELENS [options of serve.py, see --help]
# RUN is a trained run of MovieLens-1M in the course protocol, MOVIELENS its folder; AUTOINT names another binary than
# target/release/autoint.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

command -v wrk >/dev/null || { echo "wrk is missing (Debian: apt-get install wrk)" >&2; exit 1; }
"$here/setup.sh" serve
binary=${AUTOINT:-$here/../../target/release/autoint}
exec "$here/../../target/peers/serve/bin/python" -B "$here/serve.py" --binary "$binary" "$@"
