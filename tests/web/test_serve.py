"""Serving a live page or an exhibit, as a whole."""

from __future__ import annotations

from makers.servers import Serving


def test_an_exhibit_without_a_camera_shows_something_and_says_so(tmp_path):
    with Serving("99", "--size", "96", "--kiosk") as serving, serving.talk() as viewer:
        viewer.told(phase="attracting")
        assert viewer.explained()
        health = serving.health()
        assert (health["status"], health["phase"]) == ("ok", "attracting")
