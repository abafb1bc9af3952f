#!/usr/bin/env bash
# Makes in target/peers what the peers need: virtual environments, as pinned in requirements-*.txt, and programs in Rust, as pinned in
# rust/Cargo.lock; those that run.sh needs, or those named (torch, tensorflow, jax, inference, serve, burn, candle). What is up to
# date is left alone; what fails is named, the others are still made.
set -uo pipefail
cd "$(dirname "$0")/../.."

python_environment() {
    local pins=benches/peers/requirements-$1.txt folder=target/peers/$1
    cmp -s "$pins" "$folder/installed.txt" && return
    echo "setting up $folder" >&2
    # The pins are complete: no dependency is looked for.
    rm -rf "$folder" && python3 -m venv "$folder" && "$folder/bin/pip" install --quiet --no-deps -r "$pins" &&
        cp "$pins" "$folder/installed.txt"
}

# One at a time, so that a framework that does not build leaves the other alone.
rust_program() {
    cargo build --quiet --locked --release --manifest-path benches/peers/rust/Cargo.toml --target-dir target/peers/rust-build \
        --features "$1"
}

if [ $# = 0 ]; then
    set -- torch tensorflow jax inference burn candle
fi
failed=0
for peer; do
    case $peer in
    burn | candle) rust_program "$peer" ;;
    *) python_environment "$peer" ;;
    esac || {
        echo "$peer could not be set up" >&2
        failed=1
    }
done
exit $failed
