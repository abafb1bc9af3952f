#!/usr/bin/env bash
# A table of 200 million rows x 16 over four ranks, each within 6 GB of address space, and the same model with 2 million rows. Needs
# 40 GB of disk in the folder given, 15 GB of memory, and `cargo build --release --features mpi` before.
#
#   benches/scaling/large.sh FOLDER
set -euo pipefail
binary="$(cd "$(dirname "$0")/../.." && pwd)/target/release/autoint"
cd "$1"
# Clicks of users among 200 million: half of them by a power law, half uniform.
python3 - <<'PYTHON'
import random

rng, users = random.Random(1), 200_000_000
with open("clicks.csv", "w") as f:
    f.write("user,item,hour,click\n")
    for _ in range(200_000):
        user = int(users ** rng.random()) if rng.random() < 0.5 else rng.randrange(users)
        item, hour = int(1000 * rng.random() ** 2), rng.randrange(24)
        p = 0.3 + 0.4 * ((user * 2654435761 + item * 40503) % 97 < 30)
        f.write(f"u{user},i{item},{hour},{int(rng.random() < p)}\n")
PYTHON
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
for millions in 2 200; do
    cat > "users-$millions.toml" <<TOML
name = "users-$millions"
metrics = ["auc", "logloss"]
[label]
column = "click"
[split]
rule = "random"
parts = [8, 1, 1]
seed = 1
[[field]]
name = "user"
kind = "categorical"
hash_buckets = ${millions}000000
[[field]]
name = "item"
kind = "categorical"
[[field]]
name = "hour"
kind = "categorical"
TOML
    mpirun -n 4 --oversubscribe bash -c "ulimit -v 6000000; exec $binary train --schema users-$millions.toml --data clicks.csv --seed 1 \
        --epochs 1 --threads 1 --set optimizer.kind=sgd --set model.linear=false --set optimizer.embedding_mode=lazy \
        --set cluster.tables=sharded --no-catalogue --out run-$millions --force"
    rm -r "run-$millions"
done
