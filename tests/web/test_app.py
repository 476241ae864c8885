"""The addresses of the live page."""

from __future__ import annotations

import json

import cv2
import pytest


def test_plain_pictures_are_read_by_another_program(serving):
    capture = cv2.VideoCapture(f"{serving.url}/stream.mjpg")
    images = [capture.read()[1] for _ in range(5)]
    capture.release()
    assert all(image.shape == (240, 320, 3) for image in images)
    assert len({image.tobytes() for image in images}) > 1  # they move; the panel may lie over their numbers
    status = serving.wait(lambda: serving.metric("streamcam_viewers") == 0)
    assert status


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/",
        "/labels/..%2f..%2fapp.json", "/labels/%00.json", "/../../etc/passwd", "/nothing", "/static/%ff",
    ],
)  # fmt: skip
def test_no_path_leads_out(serving, path):
    status, _, body = serving.get(path)
    assert status in (200, 404)
    assert b"import" not in body
    assert b"root:" not in body
    assert b"Traceback" not in body
    if path.startswith("/labels"):
        assert len(json.loads(body)) == 1000 if status == 200 else True
