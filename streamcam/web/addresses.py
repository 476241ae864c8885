"""Finds the addresses under which a browser here, and others on the network, open the page."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field

import psutil

from streamcam.settings import PageSettings


def is_local(host: str) -> bool:
    """Whether only this machine can reach what listens at this host address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Started:
    """Where a live page is, and the keys to it.

    Attributes:
        address: of the page for a browser on this machine, ``http://localhost:8000`` for example.
        network_address: of the page for others.
        local_only: whether only this machine can reach it; then visitors need no key.
        takes_cameras: whether visitors show their own cameras.
        visitor_key: with it, a page may choose what is explained.
        staff_key: with it, a page may change everything.
    """

    address: str
    network_address: str
    local_only: bool
    takes_cameras: bool
    visitor_key: str = field(repr=False)
    staff_key: str = field(repr=False)

    @property
    def visitor_link(self) -> str:
        """For a screen that visitors touch, or for visitors who show their own cameras."""
        return f"{self.network_address if self.takes_cameras else self.address}/#{self.visitor_key}"

    @property
    def staff_link(self) -> str:
        """The staff page, with its key."""
        return f"{self.network_address}/staff#{self.staff_key}"


def page_addresses(page: PageSettings, port: int) -> tuple[str, str]:
    """The addresses of a page that listens on this port: for a browser on this machine, and for others.

    Each is ``http://host:port``, or ``https``.
    """
    scheme = "https" if page.certfile else "http"
    if page.allow_host:
        return f"{scheme}://localhost:{port}", f"{scheme}://{page.allow_host[0]}:{port}"
    try:
        is_everywhere = ipaddress.ip_address(page.host).is_unspecified
    except ValueError:
        is_everywhere = False
    if is_everywhere:
        network = _network_address() or socket.gethostname()
        return f"{scheme}://localhost:{port}", f"{scheme}://{network}:{port}"
    host = "localhost" if page.host == "127.0.0.1" else page.host
    bracketed = f"[{host}]" if ":" in host else host
    return f"{scheme}://{bracketed}:{port}", f"{scheme}://{bracketed}:{port}"


def _network_address() -> str | None:
    """This machine's IPv4 address on the network: phones cannot look up the names of most machines."""
    up = {name for name, stats in psutil.net_if_stats().items() if stats.isup}
    addresses = [
        one.address
        for name, many in psutil.net_if_addrs().items()
        for one in many
        if name in up and one.family == socket.AF_INET and not one.address.startswith(("127.", "169.254."))
    ]
    return addresses[0] if addresses else None
