"""Late and lost packets between machines, without the kernel's module for it.

python -m tools.cluster.slow_network --delay 0.1 --loss 0.02 10.0.0.11=4711 10.0.0.12=4712

Each address has the process whose network namespace is the machine. `tc netem` would do the same,
but is a module that many kernels lack. So each machine gets a virtual device (TUN), to which its
packets for the other machines are routed, and this program carries them across. Devices and routes
end with it. Who is not one of these machines is reached as before.
"""

import argparse
import asyncio
import ctypes
import fcntl
import os
import random
import struct
from collections.abc import Callable, Mapping

from tools.servers import program, run_quietly

DEVICE = "slow"
#: What it prints once all packets go through it.
READY = "carrying packets"
_TUNSETIFF, _TUN_WITHOUT_HEADER = 0x400454CA, 0x1001
_CLONE_NEWNET = 0x40000000
_PACKET_BYTES = 65536
#: Packets that wait until this program reads them: none shall be lost but by chance.
_QUEUE = "10000"
#: Where the destination is in a packet of IPv4.
_DESTINATION = slice(16, 20)


def main() -> None:
    """Carry packets until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, required=True, help="seconds, in each direction")
    parser.add_argument("--loss", type=float, required=True, help="share of the packets")
    parser.add_argument("machines", nargs="+", metavar="ADDRESS=PID")
    options = parser.parse_args()
    machines = dict(each.split("=") for each in options.machines)
    devices = {address: _device(int(pid)) for address, pid in machines.items()}
    for address, pid in machines.items():
        _enter(int(pid))
        for other in machines.keys() - {address}:
            _ip("route", "add", other, "dev", DEVICE, "src", address)
    asyncio.run(_carry(devices, options.delay, options.loss))


async def _carry(devices: Mapping[str, int], delay: float, loss: float) -> None:
    by_address = {bytes(map(int, each.split("."))): fd for each, fd in devices.items()}
    loop = asyncio.get_running_loop()

    def taking(device: int) -> Callable[[], None]:
        def take() -> None:
            packet = os.read(device, _PACKET_BYTES)
            target = by_address.get(packet[_DESTINATION])
            if target is not None and random.random() >= loss:
                loop.call_later(delay, os.write, target, packet)

        return take

    for device in devices.values():
        loop.add_reader(device, taking(device))
    os.write(1, f"{READY}\n".encode())
    await asyncio.Event().wait()


def _device(pid: int) -> int:
    """Create the device in the namespace of a process; return its descriptor."""
    _enter(pid)
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH", DEVICE.encode(), _TUN_WITHOUT_HEADER))
    _ip("link", "set", DEVICE, "txqueuelen", _QUEUE, "up")
    return device


def _enter(pid: int) -> None:
    """Continue in the network namespace of a process."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/proc/{pid}/ns/net") as namespace:
        if libc.setns(namespace.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "the network namespace cannot be entered")


def _ip(*arguments: str) -> None:
    run_quietly([program("ip"), *arguments])


if __name__ == "__main__":
    main()
