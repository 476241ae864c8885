"""``streamcam live`` as people call it, without a window."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psutil
import pytest
from makers import clips
from makers.addresses import serving
from makers.cameras import Camera
from makers.leftovers import nothing_left

from streamcam import VideoSource


@pytest.fixture
def camera():
    with Camera() as camera:
        yield camera


@pytest.fixture(autouse=True)
def nothing_stays():
    with nothing_left():
        yield


def live(*arguments, **more):
    command = [sys.executable, "-m", "streamcam", "live", *map(str, arguments)]
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False, **more)


def test_live_without_a_window_records_counts_and_ends(camera, tmp_path):
    url = camera.url.replace("http://", "http://me:secret@") + "?token=secret"
    done = live(url, "--no-window", "-o", "run.mp4", "--stats", "run.json", "--max-frames", 60, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "recorded run.mp4" in done.stdout
    stats = json.loads((tmp_path / "run.json").read_text())
    assert stats["frames"]["shown"] == 60
    assert stats["source"] == camera.url
    assert "secret" not in done.stdout + done.stderr + json.dumps(stats)
    assert len(clips.length_of(tmp_path / "run.mp4")[1]) >= 59


def test_why_no_picture_comes_is_said_once_and_written_down(tiny_model, tmp_path):
    def answer(handler):
        return (404, {}, b"") if "missing" in handler.path else (200, {"Content-Type": "text/html"}, b"<html>" * 999)

    with serving(answer) as address, ThreadPoolExecutor() as threads:
        secret = address.with_user("me", "hidden")
        reasons = {
            "93": "there is no /dev/video93",
            "http://me:hidden@127.0.0.1:9/x?key=hidden": "the connection was refused",
            f"{secret}/missing": "nothing at this address (404)",
            f"{secret}/page": "no video or picture that can be read",
        }

        def run(number, source):
            options = ["--no-window", "--seconds", 12, "--stats", f"{number}.json", "-m", tiny_model]
            return live(source, *options, cwd=tmp_path)

        runs = list(threads.map(run, range(4), reasons))
    for number, (done, says) in enumerate(zip(runs, reasons.values(), strict=True)):
        assert done.returncode == 0, done.stderr
        lines = done.stderr.strip().splitlines()
        assert [says in line and "no picture: " in line for line in lines[:-1]] == [True]  # tried often, said once
        stats = json.loads((tmp_path / f"{number}.json").read_text())
        assert stats["phase"] == "retrying"
        assert says in stats["reason"]
        assert stats["troubles"][stats["reason"]] >= 2
        assert "hidden" not in done.stderr + json.dumps(stats)


def test_giving_up_ends_with_the_reason_and_code_1(tiny_model, tmp_path):
    with serving(lambda _: (401, {"WWW-Authenticate": 'Basic realm="x"'}, b"")) as address:
        arguments = ["--no-window", "--give-up-after", 6, "--stats", "run.json", "-m", tiny_model]
        done = live(address.with_user("me", "hidden"), *arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert "no picture for 6 s (a user and a password are asked for" in done.stderr.splitlines()[-1]
    assert "401" in json.loads((tmp_path / "run.json").read_text())["reason"]
    assert "hidden" not in done.stderr


def test_a_file_ends_at_its_end_or_with_its_reason(tmp_path, tiny_model):
    clip = clips.write_clip(
        tmp_path / "clip.mp4", [0, 2560, 5120, 51200]
    )  # the third picture is held for three seconds
    done = live(clip, "--no-window", "-m", tiny_model, "--stall-timeout", 1, "--stats", "run.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    stats = json.loads((tmp_path / "run.json").read_text())
    assert (stats["phase"], stats["frames"]["captured"], stats["stalls"]) == ("ended", 4, 0)
    (tmp_path / "junk.mp4").write_bytes(b"no film at all" * 1000)
    done = live("junk.mp4", "--no-window", "-m", tiny_model, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: junk.mp4: not a video")


def test_nothing_is_recorded_unasked(camera, tiny_model, tmp_path):
    assert live(camera.url, "--no-window", "--seconds", 2, "-m", tiny_model, cwd=tmp_path).returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((), 1, "there is no display (DISPLAY is not set); use --no-window"),
        (("nothing.mp4", "--no-window"), 1, "nothing.mp4: no such file"),
        (("http://127.0.0.1:9/x", "--no-window", "--give-up-after", "0.5"), 1, "no picture for 0.5 s"),
        (("0", "--no-window", "-o", "there.mp4"), 1, "there.mp4: exists already"),
        (("0", "--no-window", "--target", "nosuch"), 2, "--target nosuch: the model knows no such class"),
        (("0", "--no-window", "--stall-timeout", "-1"), 2, "--stall-timeout -1: must be more than 0"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(tmp_path, arguments, code, says):
    (tmp_path / "there.mp4").write_bytes(b"x")
    done = live(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert len(done.stderr.strip().splitlines()) == 1
    assert says in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_recording_is_playable_however_the_session_ends(camera, tiny_model, tmp_path):
    codes = {signal.SIGINT: 130, signal.SIGTERM: 130, signal.SIGKILL: -9}
    command = [sys.executable, "-m", "streamcam", "live", camera.url, "--no-window", "-m", tiny_model, "-o"]
    running = {
        kill: subprocess.Popen([*command, f"{kill}.mp4"], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        for kill in codes
    }
    end = time.monotonic() + 120
    for kill, process in running.items():
        part = tmp_path / f"{kill}.part.mp4"
        while not part.exists() or part.stat().st_size < 60_000:
            assert time.monotonic() < end
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(kill)
    for kill, process in running.items():
        _, said = process.communicate(timeout=60)
        assert process.returncode == codes[kill], said
        with VideoSource(tmp_path / (f"{kill}.part.mp4" if kill == signal.SIGKILL else f"{kill}.mp4")) as source:
            assert sum(1 for _ in source) > 10


def test_tensorflow_stays_out_of_the_live_process(camera, tmp_path):
    script = (
        "import sys\nfrom streamcam.cli import main\nfrom streamcam.live.stats import Stats\n"
        "count = Stats.count_explained\n"
        "def count_aloud(stats):\n    count(stats)\n    print('a map', flush=True)\n"
        "Stats.count_explained = count_aloud\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('tensorflow' in sys.modules)\n"
    )
    arguments = ["live", camera.url, "--no-window", "--size", "96", "--precision", "f32", "--stats", "run.json"]
    arguments += ["-m", "mobilenet_v3_small", "--weights", "none"]  # which must be converted first
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=os.environ | {"STREAMCAM_CACHE": str(tmp_path / "cold")},
    )  # fmt: skip

    def is_converting():
        for child in psutil.Process(process.pid).children():
            with suppress(psutil.Error):  # it has just ended
                if "streamcam.explainers.prepare" in child.cmdline():
                    return True
        return False

    end = time.monotonic() + 300
    for wanted in (True, False):  # it begins, and is done
        while is_converting() is not wanted:
            assert time.monotonic() < end
            assert process.poll() is None
            time.sleep(0.05)
    assert process.stdout
    assert process.stdout.readline() == "a map\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[0].splitlines()[-1] == "False"
    assert json.loads((tmp_path / "run.json").read_text())["frames"]["explained"] > 0
