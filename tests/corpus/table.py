"""Writes what is supported as Markdown, for people."""

from __future__ import annotations

from collections.abc import Sequence

from kind import Kind


def render(results: Sequence[tuple[Kind, Sequence[str]]]) -> str:
    """The table of all kinds: the same results give the same text."""
    return "\n".join(f"{kind.name}: {'; '.join(wrong) or 'right'}" for kind, wrong in results)
