"""A camera, and a live page that shows it, for each file of tests."""

from __future__ import annotations

import pytest
from makers.cameras import Camera
from makers.servers import Serving


@pytest.fixture(scope="module")
def camera():
    with Camera() as camera:
        yield camera


@pytest.fixture(scope="module")
def serving(camera):
    with Serving(camera.url, "--size", "96") as serving:
        with serving.connected() as viewer:
            viewer.explained()
        yield serving
