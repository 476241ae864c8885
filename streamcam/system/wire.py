"""Settings, tasks and messages as JSON, for files and other processes: frozen dataclasses in, equal ones out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def to_builtins(value: Any) -> Any:
    """A dataclass as dicts, lists, texts and numbers; a ``Path`` becomes a text."""
    import msgspec

    return msgspec.to_builtins(value, enc_hook=_encode)


def to_json(value: Any) -> str:
    """One line of JSON. File names that are no text survive it, which plain UTF-8 would not let through."""
    return json.dumps(to_builtins(value))


def from_builtins(data: Any, kind: type[T]) -> T:
    """The other direction of ``to_builtins``. Raises ``ValueError`` where the data is not of this kind."""
    import msgspec

    return msgspec.convert(data, kind, dec_hook=_decode)


def from_json(text: str | bytes, kind: type[T]) -> T:
    """The other direction of ``to_json``. Raises ``ValueError`` where the text is no JSON of this kind."""
    return from_builtins(json.loads(text), kind)


def _encode(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} cannot be sent")


def _decode(kind: type, value: Any) -> Any:
    if issubclass(kind, Path):
        return Path(value)
    raise NotImplementedError(f"{kind.__name__} cannot be received")
