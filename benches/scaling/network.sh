#!/usr/bin/env bash
# One MPI rank on each of several hosts, which are network namespaces of this machine joined by a bridge, each on a line of a given rate.
# Tells what the kernel has counted on every line. Needs the superuser, iproute2 and Open MPI.
#
#   benches/scaling/network.sh RANKS RATE COMMAND...      RATE as tc has it: 1gbit, 10gbit; or none
#
# With DELAY=MILLISECONDS every frame between ranks comes so much later, each way (`delay.py`).
set -euo pipefail
ranks=$1 rate=$2
shift 2
net=10.97.0
folder=$(mktemp -d)
agent="$folder/agent"
device=eth0
slow=
finish() {
    [ -z "$slow" ] || kill "$slow" 2>/dev/null || true
    for k in $(seq "$ranks"); do
        ip netns del "autoint$k" 2>/dev/null || true
        # It outlives its host as long as a process there does.
        ip link del "line$k" 2>/dev/null || true
    done
    ip link del autoint0 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT

ip link add autoint0 type bridge
ip addr add $net.254/24 dev autoint0
ip link set autoint0 up
hosts=
for k in $(seq "$ranks"); do
    host="autoint$k"
    ip netns add "$host"
    ip link add "line$k" type veth peer name eth0 netns "$host"
    ip link set "line$k" master autoint0 up
    ip -n "$host" addr add "$net.$k/24" dev eth0
    ip -n "$host" link set lo up
    ip -n "$host" link set eth0 up
    hosts="$hosts${hosts:+,}$net.$k"
done

# Ranks then talk over a line of their own; `mpirun` goes on with the other.
data=$net
if [ -n "${DELAY:-}" ]; then
    data=10.98.0 device=slow0
    : >"$folder/ready"
    python3 "$(dirname "$0")/delay.py" "$ranks" "$DELAY" >>"$folder/ready" &
    slow=$!
    until grep -q ready "$folder/ready"; do
        kill -0 "$slow"
        sleep 0.1
    done
    for k in $(seq "$ranks"); do
        ip -n "autoint$k" addr add "$data.$k/24" dev slow0
        ip -n "autoint$k" link set slow0 up
    done
fi
if [ "$rate" != none ]; then
    # What a timer's tick lets through.
    burst=512kb
    [ "$rate" != 10gbit ] || burst=5mb
    for k in $(seq "$ranks"); do
        # Both ways: what the host sends, and what is sent to it. (A slow line has one end; what is sent to it was limited as it was sent.)
        ip netns exec "autoint$k" tc qdisc add dev "$device" root tbf rate "$rate" burst "$burst" latency 50ms
        [ -n "$slow" ] || tc qdisc add dev "line$k" root tbf rate "$rate" burst "$burst" latency 50ms
    done
fi

# In place of a secure shell: the host's namespace, and a folder of its own for what Open MPI keeps.
cat > "$agent" <<AGENT
#!/bin/sh
host=\${1##*.}
shift
export TMPDIR="$folder/\$host"
mkdir -p "\$TMPDIR"
exec ip netns exec "autoint\$host" sh -c "\$*"
AGENT
chmod +x "$agent"
count() { ip netns exec "autoint$1" cat /sys/class/net/$device/statistics/tx_bytes; }
before=()
for k in $(seq "$ranks"); do before[k]=$(count "$k"); done
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mpirun -n "$ranks" --host "$hosts" --map-by node --bind-to none --mca plm_rsh_agent "$agent" \
    --mca btl tcp,self --mca btl_tcp_if_include "$data.0/24" --mca oob_tcp_if_include $net.0/24 "$@"
for k in $(seq "$ranks"); do
    echo "rank $((k - 1)) sent $(($(count "$k") - before[k])) bytes"
done
