"""The command line: one thin module a command. Each parses, opens, runs and reports."""

from __future__ import annotations

from streamcam.cli.main import main

__all__ = ["main"]
