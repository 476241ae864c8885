"""A camera to point at, and the proof that nothing stays."""

from __future__ import annotations

import pytest
from makers.cameras import Camera
from makers.leftovers import nothing_left


@pytest.fixture(autouse=True)
def nothing_stays():
    with nothing_left():
        yield


@pytest.fixture
def camera():
    with Camera() as camera:
        yield camera
