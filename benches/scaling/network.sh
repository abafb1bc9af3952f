#!/usr/bin/env bash
# One MPI rank on each of several hosts, which are network namespaces of this machine joined by a bridge, each on a line of a given rate.
# Tells what the kernel has counted on every line. Needs the superuser, iproute2 and Open MPI.
#
#   benches/scaling/network.sh RANKS RATE COMMAND...      RATE as tc has it: 1gbit, 10gbit; or none
set -euo pipefail
ranks=$1 rate=$2
shift 2
net=10.97.0
folder=$(mktemp -d)
agent="$folder/agent"
finish() {
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
    if [ "$rate" != none ]; then
        # Both ways: what the host sends, and what is sent to it.
        ip netns exec "$host" tc qdisc add dev eth0 root tbf rate "$rate" burst 512kb latency 50ms
        tc qdisc add dev "line$k" root tbf rate "$rate" burst 512kb latency 50ms
    fi
    hosts="$hosts${hosts:+,}$net.$k"
done

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
count() { ip netns exec "autoint$1" cat /sys/class/net/eth0/statistics/tx_bytes; }
before=()
for k in $(seq "$ranks"); do before[k]=$(count "$k"); done
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mpirun -n "$ranks" --host "$hosts" --map-by node --bind-to none --mca plm_rsh_agent "$agent" \
    --mca btl tcp,self --mca btl_tcp_if_include $net.0/24 --mca oob_tcp_if_include $net.0/24 "$@"
for k in $(seq "$ranks"); do
    echo "rank $((k - 1)) sent $(($(count "$k") - before[k])) bytes"
done
