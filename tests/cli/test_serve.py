"""``streamcam serve``: wrong options."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--token", "short"], "at least 12 characters"),
        (["--language", "xx"], "language xx"),
        (["--colormap", "hot"], "colormap hot: the page has jet"),
        (["--target", "top1", "--target", "top2", "--target", "top3"], "two classes at most"),
        (["--languages", "nowhere"], "is no folder"),
        (["--certfile", "nothing.pem"], "cannot be used as a certificate"),
        (["--host", "192.0.2.1"], "cannot listen there"),
        (["--kiosk", "--hours", "whenever"], "write them as"),
        (["--hours", "9-17"], "add --kiosk"),
        (["--kiosk", "--attract", "nothing.mp4"], "nothing.mp4"),
        (["--allow", "no such thing at all"], "knows no such class"),
    ],
)
def test_wrong_options_end_in_one_line(sample, arguments, says):
    command = [sys.executable, "-m", "streamcam", "serve", str(sample), "--port", "0", *arguments]
    failed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert failed.returncode == 1
    [line] = failed.stderr.strip().splitlines()
    assert says in line
