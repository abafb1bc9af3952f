#!/usr/bin/env bash
# Sets the peers up where needed, builds our side, and times all of them; options go to run.py (see --help).
set -euo pipefail
cd "$(dirname "$0")/../.."

benches/peers/setup.sh || echo "going on without what could not be set up" >&2
cargo build --locked --release --example peers
exec python3 benches/peers/run.py "$@"
