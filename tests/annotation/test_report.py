"""The report, in a browser."""

from __future__ import annotations

import os
import shutil
import subprocess

from makers.needs import need
from makers.runs import streamcam


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
