"""Turns a folder into what a Jupyter server did on a machine with nothing but loopback (in a network namespace).

`unshare --net python -m support.no_network ROOT HOME CACHE` prints a JSON document: how many times anything in the
namespace wanted to go elsewhere (the kernel counts what has no route), before and after a server's life, and after one
attempt of our own, which shows that they are counted.
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import sys
import time
import urllib.parse
from pathlib import Path

from .homes import make_home
from .jupyter_server import jupyter_server

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1


def bring_up_loopback() -> None:
    """Set the loopback interface up (netdevice(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _IFF_UP).ljust(40, b"\0"))


def attempts() -> int:
    """How many packets of this namespace had no route (proc(5), /proc/net/snmp and snmp6)."""
    names, values = (line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Ip:"))
    count = int(values[names.index("OutNoRoutes")])
    six = Path("/proc/net/snmp6")
    lines = six.read_text().splitlines() if six.exists() else []
    return count + sum(int(line.split()[1]) for line in lines if line.startswith("Ip6OutNoRoutes"))


def try_elsewhere() -> None:
    """One attempt to reach another machine (an address that is for documentation, RFC 5737)."""
    with socket.socket() as probe:
        probe.settimeout(2)
        try:
            probe.connect(("192.0.2.1", 443))
        except OSError:
            pass


def main(root: Path, home: Path, cache: Path) -> None:
    """Let a server find everything and answer what a panel asks when it is opened."""
    bring_up_loopback()
    before = attempts()
    with jupyter_server(root, make_home(home, cache), app=("jupyter_server",)) as server:
        deadline = time.monotonic() + 60
        while not (known := server.get("jupyter-pixi/api/workspaces"))["complete"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        for workspace in known["workspaces"]:
            manifest = urllib.parse.quote(workspace["manifest"], safe="")
            for view in ("workspace", "trust", "disk", "history", "packages"):
                server.status(f"jupyter-pixi/api/{view}?manifest={manifest}")
        specs = server.kernelspecs()
        server.get("jupyter-pixi/api/operations")
        time.sleep(2)
    after = attempts()
    try_elsewhere()
    print(json.dumps({"before": before, "after": after, "own": attempts(), "kernels": sorted(specs)}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
