"""streamcam's own version, and those of the libraries that shape a converted graph."""

from __future__ import annotations

from functools import cache

VERSION = "0.1.0"

# Raised when the graph or what is kept of it changes in a way that older cache entries do not have.
GRAPH_FORMAT = 5


@cache
def versions() -> dict[str, str]:
    """Of the graph's format and of the libraries that make and run it, read without importing them."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"format": str(GRAPH_FORMAT)}
    for name in ("tensorflow", "keras", "openvino"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found
