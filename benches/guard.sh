#!/usr/bin/env bash
# Counts the instructions of `guard.rs` and fails when they differ from the number in `guard.txt` by more than 5 %: time on a
# shared machine cannot tell such a change from noise, instructions can.
#
# `guard.sh` compares; `guard.sh --renew` writes the number anew, after a change that is meant or with another compiler.
# Fewer instructions fail too: then the number is to be renewed, or the next loss of as much would pass.
# The build is that of the tests (`--features ...` when they have some), so that nothing is compiled for it alone.
set -euo pipefail
cd "$(dirname "$0")/.."
expected_file=benches/guard.txt
tolerance=5
renew=
if [ "${1:-}" = --renew ]; then
    renew=1
    shift
fi

if ! command -v valgrind >/dev/null; then
    echo "guard: skipped, there is no valgrind"
    exit 0
fi
if [ "$(uname -m)" != x86_64 ]; then
    echo "guard: skipped, the number is of x86_64"
    exit 0
fi
cargo build --quiet --locked --example guard "$@"
target="${CARGO_TARGET_DIR:-target}"
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
if ! valgrind --tool=callgrind --callgrind-out-file=/dev/null "$target/debug/examples/guard" >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
# The line reads `==123== Collected : 4567`.
found="$(awk '$2 == "Collected" { print $4 }' "$log")"
if ! [[ "$found" =~ ^[0-9]+$ ]]; then
    echo "guard: valgrind told no number:" >&2
    cat "$log" >&2
    exit 1
fi
if [ -n "$renew" ]; then
    echo "$found" >"$expected_file"
    echo "guard: $found instructions, written to $expected_file"
    exit 0
fi
expected="$(cat "$expected_file")"
difference=$((found - expected))
percent="$(awk -v d="$difference" -v e="$expected" 'BEGIN { printf "%+.2f", 100 * d / e }')"
echo "guard: $found instructions, expected $expected ($percent %)"
if ((${difference#-} * 100 > expected * tolerance)); then
    echo "guard: that is more than $tolerance %; if it is meant: benches/guard.sh --renew" >&2
    exit 1
fi
