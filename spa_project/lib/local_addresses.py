"""Addresses of this machine in its networks."""

import socket

#: Of a range for documentation (RFC 5737): no packet is sent, only the route is looked up.
SOMEWHERE = ("192.0.2.1", 9)
ALL_INTERFACES = ("0.0.0.0", "::")


def reachable_addresses(bind: str) -> list[str]:
    """Return where other machines reach a server bound to `bind`, the likeliest first."""
    if bind not in ALL_INTERFACES:
        return [] if bind.startswith("127.") or bind in ("localhost", "::1") else [bind]
    found = [_address_of_default_route(), *_addresses_of_name()]
    return list(dict.fromkeys(each for each in found if each and not each.startswith("127.")))


def _address_of_default_route() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(SOMEWHERE)
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def _addresses_of_name() -> list[str]:
    try:
        return socket.gethostbyname_ex(socket.gethostname())[2]
    except OSError:
        return []
