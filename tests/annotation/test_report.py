"""The page about an annotated file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import numpy as np
import pytest
from makers import clips
from makers.needs import need, need_module
from makers.runs import streamcam

from streamcam.annotation.report import ReportPage
from streamcam.types import Explanation, Frame, Region


@pytest.fixture
def page(tmp_path):
    need_module("plotly", "draws the report")
    clip = clips.write_clip(tmp_path / "clip.cam.mp4", 4)
    return ReportPage(tmp_path / "clip.html", lambda: {"model": "tiny"}, ("cat", "dog"), clip)


def explained(count):
    """Frames whose class changes in the middle."""
    for index in range(count):
        probabilities = np.array([0.9, 0.1] if index < count / 2 else [0.2, 0.8], np.float32)
        classes = np.array([probabilities.argmax()], np.int32)
        heat = np.linspace(0, 1, 12, dtype=np.float32).reshape(1, 3, 4)
        region = Region(0, 0, 64, 48)
        explanation = Explanation(heat, classes, probabilities[classes], probabilities, region, index, heat=heat)
        yield Frame(clips.picture(0), index, index / 10), explanation


def test_a_picture_of_each_change_as_it_was_shown(page, tmp_path):
    with page:
        for frame, explanation in page.observed(explained(10)):
            page.write(frame, explanation)
    text = (tmp_path / "clip.html").read_text(encoding="utf-8")
    assert re.findall(r"<span>(.*?)</span>", text) == ["0.00 s: cat 90%", "0.50 s: dog 80%"]
    assert "<th>model</th><td>tiny</td>" in text
    assert "<video" in text


def test_without_its_video_no_page_is_left(page, tmp_path):
    with pytest.raises(KeyboardInterrupt), page:
        for frame, explanation in page.observed(explained(4)):
            page.write(frame, explanation)
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["clip.cam.mp4"]


def test_the_report_opens_in_a_browser_and_shows_its_curves(tmp_path, sample):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    need(browser, "a browser opens the report")
    done = streamcam(
        "annotate", sample, "-o", "out.mp4", "--report", "out.html", "--roi", "200,60,240,240", "--alert-below", 0.3,
        "--size", 128, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = tmp_path / "out.html"
    text = page.read_text(encoding="utf-8")
    assert "http://" not in text.split("<script")[0]
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    shown = subprocess.run(
        [*command, "--virtual-time-budget=8000", "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120,
        env=os.environ | {"HOME": str(tmp_path)}, check=True,
    ).stdout  # fmt: skip
    assert shown.count('class="trace scatter') >= 4  # drawn by the script, not only written
    assert "evidence inside" in shown
    assert "Egyptian cat" in shown
    assert shown.count("data-time=") >= 2
    assert "efficientnet-lite0" in shown
