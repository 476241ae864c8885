"""Keeps a single address from taking all connections before anyone has said who they are, and slows who tries keys."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Collection

from uvicorn.protocols.http.h11_impl import H11Protocol

_ALL = 4  # times as many such connections of all addresses together as of one
_REQUEST_TIMEOUT = 10.0  # seconds for a connection to send a request
_TRIES, _TRIES_PER_SECOND = 5.0, 0.5  # wrong keys of one address
_REMEMBERED = 10_000  # addresses with wrong keys

Peer = tuple[str, int]


class Doors:
    """The connections that have not said who they are. Where there are too many, the oldest of the address gives way.

    A request that is answered soon is not hurt: it is the newest. Used in the loop that serves.

    Args:
        per_address: how many one address may have.
        proxies: addresses that many people come through; they have no such limit.
    """

    def __init__(self, per_address: int, proxies: Collection[str] = ()) -> None:
        self._per_address, self._proxies = per_address, frozenset(proxies)
        self._waiting: dict[str, dict[int, asyncio.Transport]] = {}
        self._wrong: dict[str, tuple[float, float]] = {}
        self.turned_away = 0

    def enter(self, transport: asyncio.Transport) -> Peer | None:
        """A connection is made; returns who it is."""
        peer = _peer(transport)
        if peer is None or peer[0] in self._proxies:
            return None
        address, port = peer
        mine = {other: known for other, known in self._waiting.get(address, {}).items() if not known.is_closing()}
        mine[port] = transport
        self._waiting[address] = mine
        if len(mine) > self._per_address:
            self._turn_away(address)
        elif sum(map(len, self._waiting.values())) > _ALL * self._per_address:
            self._turn_away(max(self._waiting, key=lambda other: len(self._waiting[other])))
        return peer

    def leave(self, peer: Peer | None) -> None:
        """A connection is closed, or has said who it is."""
        if peer is None:
            return
        mine = self._waiting.get(peer[0], {})
        mine.pop(peer[1], None)
        if not mine:
            self._waiting.pop(peer[0], None)

    def _turn_away(self, address: str) -> None:
        oldest = next(iter(self._waiting[address]))
        transport = self._waiting[address][oldest]
        self.leave((address, oldest))
        self.turned_away += 1
        transport.abort()

    def may_try(self, address: str) -> bool:
        """Whether a key from this address is looked at: not after many wrong ones in a short time."""
        return self._tries(address) >= 1

    def wrong_key(self, address: str) -> None:
        """A key from this address was wrong."""
        left = self._tries(address)
        self._wrong.pop(address, None)  # the newest comes last
        self._wrong[address] = (left - 1, time.monotonic())
        if len(self._wrong) > _REMEMBERED:
            self._wrong.pop(next(iter(self._wrong)))

    def _tries(self, address: str) -> float:
        left, at = self._wrong.get(address, (_TRIES, 0.0))
        return min(_TRIES, left + (time.monotonic() - at) * _TRIES_PER_SECOND)


def guarded_protocol(doors: Doors) -> type[H11Protocol]:
    """HTTP as uvicorn speaks it, of which each connection comes through the doors.

    Connections that send no request, which browsers open just in case, are closed after a while.
    """

    class Guarded(H11Protocol):
        peer: Peer | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.peer = doors.enter(transport)
            self.loop.call_later(_REQUEST_TIMEOUT, self._close_if_idle)

        def connection_lost(self, exc: Exception | None) -> None:
            doors.leave(self.peer)
            super().connection_lost(exc)

        def _close_if_idle(self) -> None:
            if self.scope is None:
                self.transport.abort()

    return Guarded


def _peer(transport: asyncio.Transport) -> Peer | None:
    """The address and port of the other end."""
    name = transport.get_extra_info("peername")
    return (address_of(name[0]), int(name[1])) if name else None


def address_of(host: str) -> str:
    """What counts as one address: of IPv6 the network of 64 bits, which one host may have whole."""
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    mapped = address.ipv4_mapped
    return str(mapped or ipaddress.ip_network((address, 64), strict=False))
