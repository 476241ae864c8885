"""What OpenVINO says went wrong, without the places in its own sources where it was noticed."""

from __future__ import annotations

import re

_PLACES = re.compile(
    r"Exception from \S+:\d+:|Check '.*?' failed at \S+:\d+:|\[GENERAL_ERROR\]|\[NOT_IMPLEMENTED\]|\(\S+\.[ch]pp:\d+\)",
    re.DOTALL,
)
_NODE = re.compile(r"While validating node '\w+::(\w+) .*?' with friendly_name ('.*?'):", re.DOTALL)


def reason_of(error: Exception, most: int = 240) -> str:
    """One line of at most so many characters; the kind of error where it says nothing else."""
    text = " ".join(_NODE.sub(r"\1 \2:", _PLACES.sub(" ", str(error))).split()).strip(" :.")
    if not text:
        return type(error).__name__
    return text if len(text) <= most else f"{text[: most - 1]}…"
