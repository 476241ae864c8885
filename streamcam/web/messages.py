"""What page and program say to each other over a WebSocket.

The program sends text, JSON objects with one key (``welcome``, ``state``, ``health``, ``refused``), and binary, a
picture: the length of a header in 4 bytes, little endian; the header, JSON; heat of full size ``K * h * w`` bytes,
0…255; a JPEG of the frame without heat. The page lays the one over the other.

The page sends text, JSON objects whose ``do`` says what is wanted, and binary, a JPEG of its own camera.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, get_args

from streamcam.choices import BlendMode, Method
from streamcam.live.controls import COLORMAPS

MAX_TEXT = 4096  # bytes of a message from a page; a staff page's list of classes is the longest
_MAX_COMPARED = 2
_MAX_ALLOWED = 500

T = TypeVar("T")


class Malformed(ValueError):
    """A message that no page of ours sends."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message: a key, or an empty string."""

    key: str


@dataclass(frozen=True, slots=True)
class Ack:
    """A picture has been painted."""

    id: int


@dataclass(frozen=True, slots=True)
class Touch:
    """Somebody uses the page in a way that the program need not know."""


@dataclass(frozen=True, slots=True)
class Explain:
    """Explain one class, compare two, or with none the usual."""

    classes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Choose:
    """Use a method."""

    method: Method


@dataclass(frozen=True, slots=True)
class Settings:
    """What staff change; what is None stays. ``allowed`` empty allows every class."""

    language: str | None = None
    colormap: str | None = None
    alpha: float | None = None
    blend: BlendMode | None = None
    method: Method | None = None
    allowed: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Restart:
    """Begin the session again."""


Command: TypeAlias = Hello | Ack | Touch | Explain | Choose | Settings | Restart


def parse(text: str) -> Command:
    """Read a page's message.

    Raises:
        Malformed: it is none.
    """
    if len(text) > MAX_TEXT:
        raise Malformed("too long")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("no JSON") from error
    if not isinstance(message, dict):
        raise Malformed("no object")
    do = message.pop("do", None)
    read = _READERS.get(do) if isinstance(do, str) else None
    if read is None:
        raise Malformed("asks for nothing known")
    try:
        return read(**message)
    except TypeError as error:  # a key that is missing, or not known
        raise Malformed("wrong keys") from error


def _hello(*, key: Any = "") -> Hello:
    return Hello(_string(key, 200))


def _ack(*, id: Any) -> Ack:
    return Ack(_integer(id))


def _explain(*, classes: Any) -> Explain:
    return Explain(_integers(classes, _MAX_COMPARED))


def _choose(*, method: Any) -> Choose:
    return Choose(_one_of(method, get_args(Method)))


def _settings(
    *,
    language: Any = None,
    colormap: Any = None,
    alpha: Any = None,
    blend: Any = None,
    method: Any = None,
    allowed: Any = None,
) -> Settings:
    return Settings(
        language=_or_none(language, lambda value: _string(value, 20)),
        colormap=_or_none(colormap, lambda value: _one_of(value, COLORMAPS)),
        alpha=_or_none(alpha, _share),
        blend=_or_none(blend, lambda value: _one_of(value, get_args(BlendMode))),
        method=_or_none(method, lambda value: _one_of(value, get_args(Method))),
        allowed=_or_none(allowed, lambda value: _integers(value, _MAX_ALLOWED)),
    )


_READERS: dict[str, Callable[..., Command]] = {
    "hello": _hello,
    "ack": _ack,
    "touch": Touch,
    "explain": _explain,
    "method": _choose,
    "settings": _settings,
    "restart": Restart,
}


def _or_none(value: Any, read: Callable[[Any], T]) -> T | None:
    return None if value is None else read(value)


def _string(value: Any, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise Malformed("no short text")
    return value


def _integer(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise Malformed("no number")
    return value


def _integers(value: Any, most: int) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > most:
        raise Malformed("no short list")
    return tuple(dict.fromkeys(_integer(one) for one in value))


def _share(value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1:
        raise Malformed("no share")
    return float(value)


def _one_of(value: Any, choices: tuple[Any, ...]) -> Any:
    if value not in choices:
        raise Malformed("no such choice")
    return value


def picture_message(header: dict[str, Any], heat: bytes, jpeg: bytes) -> bytes:
    """A picture as it is sent."""
    encoded = json.dumps(header, separators=(",", ":")).encode()
    return b"".join((struct.pack("<I", len(encoded)), encoded, heat, jpeg))
