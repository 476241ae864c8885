"""The addresses of the live page."""

from __future__ import annotations

import json
import threading
import time
import urllib.request

import cv2
import pytest
from makers.cameras import number_of

from streamcam.settings import ExplainSettings, PageSettings, PictureSettings
from streamcam.web.serve import serve


def test_plain_pictures_are_read_by_another_program(serving):
    capture = cv2.VideoCapture(f"{serving.url}/stream.mjpg")
    images = [capture.read()[1] for _ in range(5)]
    capture.release()
    assert all(image.shape == (240, 320, 3) for image in images)
    status = serving.wait(lambda: serving.metric("streamcam_viewers") == 0)
    assert status


def test_plain_pictures_are_those_that_the_camera_sends(camera):
    images, readers = [], []

    def read(where):
        wait_for_the_camera(where.address)  # OpenCV keeps the size of a stream's first picture
        capture = cv2.VideoCapture(f"{where.address}/stream.mjpg")
        images.extend(capture.read()[1] for _ in range(5))
        capture.release()

    def started(where):
        readers.append(threading.Thread(target=read, args=(where,)))
        readers[0].start()

    bare = PictureSettings(hud=False)  # nothing lies over the numbers
    serve(
        camera.url,
        explain=ExplainSettings(size=96),
        picture=bare,
        page=PageSettings(port=0),
        seconds=15,
        started=started,
    )
    readers[0].join(20)
    numbers = [number_of(image) for image in images]
    assert len(set(numbers)) > 1
    assert set(numbers) <= set(camera.sent())


def wait_for_the_camera(address):
    end = time.monotonic() + 60
    while True:
        with urllib.request.urlopen(f"{address}/metrics", timeout=20) as answer:
            if b'streamcam_source_phase{phase="live"} 1.0' in answer.read():
                return
        assert time.monotonic() < end
        time.sleep(0.05)


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
