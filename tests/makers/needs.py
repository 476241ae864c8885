"""Tools that a test needs beyond the test dependencies: skipped without them, except in CI, where they must be there."""

from __future__ import annotations

import importlib
import os
import shutil
from typing import Any

import pytest


def need_module(name: str, why: str) -> Any:
    """Import a module; without it skip the test, or fail it in CI."""
    if os.environ.get("CI"):
        return importlib.import_module(name)
    return pytest.importorskip(name, reason=why)


def need(there: object, why: str) -> None:
    """Go on if something is there; without it skip the test, or fail it in CI."""
    if not there:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)


def need_program(name: str) -> None:
    """Go on if a program is installed; without it skip the test, or fail it in CI."""
    need(shutil.which(name), f"needs {name}")
