"""Signals at any moment, and streams that cannot be written to: one plain line, never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from makers import clips
from makers.needs import need

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and /dev/full are POSIX'")

FULL = Path("/dev/full")

# The program, interrupted while it imports a module.
INTERRUPTED = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Finder())
sys.argv = ["streamcam", *{arguments!r}]
from streamcam.cli import main
main()
"""


def program(*arguments, code=None, **options):
    command = [sys.executable, *(["-c", code] if code else ["-m", "streamcam"]), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False, **options)


@pytest.mark.parametrize(
    "module", ["typer", "streamcam.cli.program", "streamcam.batch.settings", "streamcam.batch.annotate", "cv2", "av"]
)
def test_an_early_interrupt_is_one_line(tmp_path, small_model, module):
    clips.write_clip(tmp_path / "a.mp4", 2)
    arguments = ["annotate", "a.mp4", "-m", str(small_model)]
    code = INTERRUPTED.format(module=module, number=int(signal.SIGINT), arguments=arguments)
    done = program(code=code, cwd=tmp_path)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert [line[:18] for line in done.stderr.splitlines() if line.startswith("error")] == ["error: interrupted"]
    assert not (tmp_path / "a.cam.mp4").exists()


def test_a_terminal_that_closes_while_streamcam_ignores_it_changes_nothing(tmp_path, small_model):
    """As ``nohup`` does it."""
    clips.write_clip(tmp_path / "a.mp4", 2)
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    code = ignoring + INTERRUPTED.format(
        module="streamcam.batch.runner",
        number=int(signal.SIGHUP),
        arguments=["annotate", "a.mp4", "-m", str(small_model)],
    )
    assert program(code=code, cwd=tmp_path).returncode == 0
    assert len(clips.decoded(tmp_path / "a.cam.mp4")) == 2


def test_a_full_standard_output_is_said_once_and_the_work_is_done(tmp_path, small_model):
    need(FULL.exists(), "writes to a full device")
    for name in ("a.mp4", "b.mp4"):
        clips.write_clip(tmp_path / name, 2)
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "streamcam", "annotate", "a.mp4", "b.mp4", "-m", str(small_model)],
            cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    [line] = [line for line in done.stderr.splitlines() if line.startswith("error")]
    assert line.startswith("error: standard output cannot be written (No space left on device)")
    assert "internal" not in done.stderr
    assert len(clips.decoded(tmp_path / "b.cam.mp4")) == 2


@pytest.mark.parametrize("redirected", [">/dev/full", ">&-"])
@pytest.mark.parametrize("arguments", ["--help", "models", "--version"])
def test_so_it_is_for_every_command(arguments, redirected):
    need(FULL.exists(), "writes to a full device")
    command = f"{sys.executable} -m streamcam {arguments} {redirected}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert [line[:40] for line in done.stderr.splitlines()] == ["error: standard output cannot be written"]
    assert done.returncode == 1


def test_a_pipe_that_nobody_reads_is_said():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "streamcam", "--help"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert [line[:40] for line in done.stderr.splitlines()] == ["error: standard output cannot be written"]


def test_a_closed_standard_error_leaves_standard_output_to_the_results(tmp_path, small_model):
    clips.write_clip(tmp_path / "a.mp4", 2)
    command = f"{sys.executable} -m streamcam annotate a.mp4 gone.mp4 -m {small_model} 2>&-"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert [line[:19] for line in done.stdout.splitlines()] == ["a.mp4 -> a.cam.mp4:"]
