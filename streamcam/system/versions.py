"""The versions that shape a converted graph, read without importing what they belong to."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

# Raised when the graph or what is kept of it changes in a way that older cache entries do not have.
GRAPH_FORMAT = 2


@cache
def versions() -> dict[str, str]:
    """Of the graph's format and of the libraries that make and run it."""
    found = {"format": str(GRAPH_FORMAT)}
    for name in ("tensorflow", "keras", "openvino"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found
