"""A line with a delay between hosts that are network namespaces, where the kernel has no netem: a switch that hands on every frame so
much later.

    delay.py HOSTS MILLISECONDS

gives each namespace autoint1, autoint2, ... a device `slow0`, says `ready`, and switches until it is killed.
"""

import errno
import fcntl
import heapq
import os
import select
import struct
import subprocess
import sys
import time

# linux/if_tun.h: a device of frames, without a header before each.
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
FRAME = 65536


def device(number: int) -> int:
    """A device in the namespace of a host; what it sends is read here."""
    name = f"slow{number}"
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(handle, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    host = f"autoint{number}"
    subprocess.run(["ip", "link", "set", name, "netns", host], check=True)
    subprocess.run(["ip", "-n", host, "link", "set", name, "name", "slow0"], check=True)
    return handle


def switch(ports: list[int], delay: float) -> None:
    """Hands frames on to the port that has their address, or to all others while that is not known."""
    known: dict[bytes, int] = {}
    waiting: list[tuple[float, int, list[int], bytes]] = []
    count = 0
    while True:
        left = waiting[0][0] - time.monotonic() if waiting else None
        ready, _, _ = select.select(ports, [], [], None if left is None else max(left, 0.0))
        now = time.monotonic()
        for port in ready:
            while True:
                try:
                    frame = os.read(port, FRAME)
                except BlockingIOError:
                    break
                known[frame[6:12]] = port
                target = known.get(frame[:6])
                to = [target] if target is not None else [other for other in ports if other != port]
                count += 1
                heapq.heappush(waiting, (now + delay, count, to, frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, to, frame = heapq.heappop(waiting)
            for port in to:
                try:
                    os.write(port, frame)
                except OSError as error:
                    # A full queue drops frames, as a switch does, and so does a device that is down: TCP sends them again.
                    if error.errno not in (errno.EAGAIN, errno.EIO):
                        raise


if __name__ == "__main__":
    hosts, milliseconds = int(sys.argv[1]), float(sys.argv[2])
    opened = [device(number + 1) for number in range(hosts)]
    print("ready", flush=True)
    switch(opened, milliseconds / 1000)
