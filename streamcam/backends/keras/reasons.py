"""Why Keras did not do something, in a few words."""

from __future__ import annotations

import re


def reason_of(error: Exception) -> str:
    """The first line that says something, of a text of Keras that may be a page long and coloured."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).splitlines()
    said = [line.strip() for line in lines if line.strip() and not line.startswith("Exception encountered")]
    return " ".join(" ".join(said[:1]).split())[:160]
