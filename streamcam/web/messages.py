"""The messages between the page and the program, over a WebSocket.

The program sends text, JSON objects such as ``{"state": …}`` (see ``Update``), and binary, a picture: the length of a
header in 4 bytes, little endian; the header, JSON (see ``PictureHeader``); heat of full size ``K * h * w`` bytes, 0…255;
a JPEG of the frame without heat. The page lays the one over the other.

The page sends text, JSON objects whose ``do`` says what is wanted, and binary, a JPEG of its own camera.
"""

from __future__ import annotations

import json
import struct
from typing import Annotated, Literal, TypeAlias

import msgspec

from streamcam.choices import Method
from streamcam.system.wire import from_json, to_builtins, to_json
from streamcam.types import Verdict
from streamcam.web.defaults import ChangeDefaults, ClassIndex, PageDefaults, Share
from streamcam.web.health import Condition
from streamcam.web.turns import Turn

MAX_TEXT = 4096  # bytes of a message from a page; a staff page's list of classes is the longest
_MAX_COMPARED = 2
_MAX_DABS = 120

Role: TypeAlias = Literal["viewer", "visitor", "staff"]


class Malformed(ValueError):
    """A message that none of our pages sends."""


class _FromPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do"):
    pass


class Hello(_FromPage, frozen=True, tag="hello"):
    """The first message: a key, or an empty string."""

    key: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Ack(_FromPage, frozen=True, tag="ack"):
    """The picture of this number has been painted."""

    id: ClassIndex


class Touch(_FromPage, frozen=True, tag="touch"):
    """Somebody uses the page, in a way that only the page itself must know."""


class Explain(_FromPage, frozen=True, tag="explain"):
    """Explain one class, compare two, or explain the usual one if none is given.

    ``rivals``: compare the two best of the moment, whichever they are, until somebody chooses.
    """

    classes: Annotated[tuple[ClassIndex, ...], msgspec.Meta(max_length=_MAX_COMPARED)] = ()
    rivals: bool = False


class Paint(_FromPage, frozen=True, tag="paint"):
    """Paint over the picture: ``(x, y, radius)`` of each dab, see ``live.paint``; none to uncover it."""

    dabs: Annotated[tuple[tuple[Share, Share, Share], ...], msgspec.Meta(max_length=_MAX_DABS)]


class Choose(_FromPage, frozen=True, tag="method"):
    """Use this formula for the heatmap."""

    method: Method


class Leave(_FromPage, frozen=True, tag="leave"):
    """The visitor's camera is off."""


class Restart(_FromPage, frozen=True, tag="restart"):
    """Begin the session again."""


Command: TypeAlias = Hello | Ack | Touch | Explain | Paint | Choose | Leave | ChangeDefaults | Restart


def parse(text: str) -> Command:
    """Read a page's message.

    Raises:
        Malformed: it is no JSON, has unknown or missing names, or values of wrong types or out of range.
    """
    if len(text) > MAX_TEXT:
        raise Malformed("too long")
    try:
        command: Command = from_json(text, Command)  # type: ignore[arg-type]  # a union is no class
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from error
    return command


class Welcome(msgspec.Struct, frozen=True):
    """The answer to ``Hello``.

    Attributes:
        role: what the key allows.
        run: changes when the program is started again; a page that sees another one loads itself anew.
    """

    role: Role
    run: str


class Status(msgspec.Struct, frozen=True):
    """What every page must know.

    Attributes:
        phase: of the source, or ``preparing`` while the model is.
        reason: why the camera gives no picture, or an empty text.
        opens: when a closed exhibit opens, ISO 8601 in local time, or an empty text.
        asked: the class indices that were asked for.
        rivals: whether the two best classes of the moment are compared.
        painted: what is painted over.
        method: the formula of the heatmap.
        reset: how often the page went back to its defaults.
        curated: these defaults.
    """

    phase: str
    reason: str
    opens: str
    asked: tuple[int, ...]
    rivals: bool
    painted: tuple[tuple[float, float, float], ...]
    method: Method
    reset: int
    curated: PageDefaults


class Health(msgspec.Struct, frozen=True):
    """How the session does, in a few numbers.

    Attributes:
        status: ``ok``; ``degraded`` while the camera gives no pictures, and ``failing`` once that has lasted; ``stalled``
            where no frames pass, or none reaches the viewers.
        reason: why the camera gives none, or an empty text.
        silent: seconds that this has lasted.
        settings: what was wrong with the settings file, or an empty text.
        phase: of the source.
        viewers: connected now.
        fps: frames a second from the source.
        maps_per_second: heatmaps a second.
        delay_ms: milliseconds from the source to the page's screen, by percentile (``p50``, ``p95``, ``p99``).
        reconnects: how often the source came back.
        stalls: how often it was silent.
        restarts: sessions begun again because staff said so.
        failures: sessions begun again after an error.
    """

    status: Condition
    reason: str
    silent: float
    settings: str
    phase: str
    viewers: int
    fps: float
    maps_per_second: float
    delay_ms: dict[str, float | None]
    reconnects: int
    stalls: int
    restarts: int
    failures: int


class Update(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A text from the program to a page, with one or several of these.

    Attributes:
        welcome: the answer to ``Hello``.
        state: sent again whenever it changes.
        health: for staff, every second.
        denied: why a request was not fulfilled.
        turn: when the camera of this page is looked at.
        refused: why the connection is closed.
    """

    welcome: Welcome | None = None
    state: Status | None = None
    health: Health | None = None
    denied: str | None = None
    turn: Turn | None = None
    refused: str | None = None

    def encoded(self) -> str:
        """As it is sent."""
        return to_json(self)


class PictureHeader(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is said of a picture; without heat, only the first three.

    Attributes:
        id: counts up.
        time: seconds from the start of the source.
        fresh: whether the frame is new, rather than the last one repeated.
        heat: ``(K, h, w)``, the shape of the heat that follows.
        region: ``(x0, y0, x1, y1)``, the part of the frame that the heat covers, in 0…1.
        top: the most probable classes, each with its probability.
        targets: the explained classes, each with its probability.
        evidence: for each map its maximum, 0…1 of full heat.
        verdict: whether the model is sure; missing where that is not known.
        covering: what share of its probability covering the hottest and the coldest places costs the class.
        moments: of a video classifier, for each map how strong the evidence of each moment of the clip is, 0…1.
        seconds: from the first of these moments to the last.
    """

    id: int
    time: float
    fresh: bool
    heat: tuple[int, int, int] | None = None
    region: tuple[float, float, float, float] | None = None
    top: tuple[tuple[int, float], ...] | None = None
    targets: tuple[tuple[int, float], ...] | None = None
    evidence: tuple[float, ...] | None = None
    verdict: Verdict | None = None
    covering: tuple[float, float] | None = None
    moments: tuple[tuple[float, ...], ...] | None = None
    seconds: float | None = None


def picture_message(header: PictureHeader, heat: bytes, jpeg: bytes) -> bytes:
    """A picture as it is sent."""
    encoded = json.dumps(to_builtins(header), separators=(",", ":")).encode()
    return b"".join((struct.pack("<I", len(encoded)), encoded, heat, jpeg))
