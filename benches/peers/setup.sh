#!/usr/bin/env bash
# Makes the peers' virtual environments in target/peers, as pinned in requirements-*.txt: those of the frameworks, or those
# named (torch, tensorflow, jax, serve). One that is up to date is left alone; one that fails is named, the others are still made.
set -uo pipefail
cd "$(dirname "$0")/../.."

if [ $# = 0 ]; then
    set -- torch tensorflow jax
fi
failed=0
for environment; do
    pins=benches/peers/requirements-$environment.txt
    folder=target/peers/$environment
    cmp -s "$pins" "$folder/installed.txt" && continue
    echo "setting up $folder" >&2
    # The pins are complete: no dependency is looked for.
    if rm -rf "$folder" && python3 -m venv "$folder" && "$folder/bin/pip" install --quiet --no-deps -r "$pins"; then
        cp "$pins" "$folder/installed.txt"
    else
        echo "$environment could not be set up" >&2
        failed=1
    fi
done
exit $failed
