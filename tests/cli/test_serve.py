"""``streamcam serve``: wrong options."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--token", "short"], 2, "at least 12 characters"),
        (["--language", "xx"], 2, "--language xx: there is"),
        (["--colormap", "hot"], 2, "--colormap hot: the page has jet"),
        (["--target", "top1", "--target", "top2", "--target", "top3"], 2, "two classes at most"),
        (["--languages", "nowhere"], 2, "is no folder"),
        (["--certfile", "nothing.pem"], 2, "cannot be used as a certificate"),
        (["--host", "192.0.2.1"], 1, "cannot listen there"),
        (["--kiosk", "--hours", "whenever"], 2, "write them as"),
        (["--hours", "9-17"], 2, "--hours: is of an exhibit; add --kiosk"),
        (["--kiosk", "--attract", "nothing.mp4"], 1, "nothing.mp4"),
        (["--allow", "no such thing at all"], 2, "knows no such class"),
    ],
)
def test_wrong_options_end_in_one_line(sample, arguments, code, says):
    command = [sys.executable, "-m", "streamcam", "serve", str(sample), "--port", "0", *arguments]
    failed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert failed.returncode == code
    [line] = failed.stderr.strip().splitlines()
    assert says in line
