"""``--help`` that teaches, and what the shell completes."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from makers import models

from streamcam.cli import usual
from streamcam.cli.program import app

COMMANDS = (
    "annotate",
    "status",
    "live",
    "serve",
    "demo",
    "evaluate",
    "bench",
    "models",
    "layers",
    "check",
    "doctor",
    "cache",
)
LONG = {"annotate": usual.ANNOTATE, "live": usual.LIVE, "serve": usual.SERVE, "evaluate": usual.EVALUATE}
_TWO_SCREENS = 50


@pytest.fixture
def narrow(monkeypatch):
    """A terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")


@pytest.mark.parametrize("name", LONG)
def test_help_fits_on_two_screens_and_lists_what_people_use(cli, narrow, name):
    code, out, _ = cli(name, "--help")
    assert code == 0
    lines = out.strip().splitlines()
    assert len(lines) <= _TWO_SCREENS
    assert max(map(len, lines)) <= 80
    assert 12 <= len(LONG[name]) <= 20
    assert len(re.findall(r"^. --", out, re.MULTILINE)) == len(LONG[name]) + 1
    assert f"streamcam {name} --help-all" in out


@pytest.mark.parametrize("name", LONG)
def test_help_all_lists_every_option_by_panel(cli, narrow, name):
    _, brief, _ = cli(name, "--help")
    code, out, _ = cli(name, "--help-all")
    assert code == 0
    count = int(re.search(r"All (\d+) options", brief)[1])
    assert len(re.findall(r"^. --", out, re.MULTILINE)) == count
    assert out.count("╭─ ") >= 4
    assert set(re.findall(r"^. (--[a-z-]+)", brief, re.MULTILINE)) <= set(
        re.findall(r"^. (--[a-z-]+)", out, re.MULTILINE)
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_are_whole_lines_and_text_is_text(cli, narrow, name):
    _, out, _ = cli(name, "--help")
    _, everything, _ = cli(name, "--help-all")
    shown = [line.strip() for line in out.splitlines()]
    [command] = [c for c in (*app.registered_commands, *app.registered_groups) if c.name == name]
    text = command.callback.__doc__ if hasattr(command, "callback") and command.callback else ""
    for line in (text or "").splitlines():
        if line.startswith("    streamcam "):
            assert line.strip() in shown
    assert not [letter for letter in everything if ord(letter) > 0xFFFF or letter in "ⓂⓅ"]  # rich's emoji, of ":m:"


def completed(*words, cwd=None) -> list[str]:
    """What Bash is given for a command line, the last word of which is being written."""
    line = ["streamcam", *words]
    variables = {"_STREAMCAM_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(line), "COMP_CWORD": str(len(line) - 1)}
    code = "from streamcam.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | variables, capture_output=True, text=True, cwd=cwd, check=True
    )
    assert not done.stderr
    return done.stdout.splitlines()


def test_the_shell_completes_what_can_be_named(tmp_path):
    specimen = models.flat(rescales=True)
    specimen.model.save(tmp_path / "mine.keras")
    (tmp_path / "labels.txt").write_text("ant\nbee\nbeetle\ncrab\ndeer\neel\nfrog\n")
    assert "efficientnet-lite0" in completed("annotate", "-m", "eff")
    assert completed("annotate", "-m", "mi", cwd=tmp_path) == ["mine.keras"]
    assert completed("annotate", "--method", "layer") == ["layercam"]
    assert completed("annotate", "--colormap", "vi") == ["viridis"]
    assert "espresso" in completed("annotate", "--target", "esp")
    assert completed("annotate", "--target", "top1") == ["top1"]
    assert completed("live", "-m", "mine.keras", "--target", "be", cwd=tmp_path) == ["bee", "beetle"]
    assert "block5c_add" in completed("annotate", "--layer", "block5")
    assert completed("evaluate", "-m", "mine.keras", "--layer", "conv_s", cwd=tmp_path) == ["conv_sum"]
    assert completed("layers", "resnet50_") == ["resnet50_v2"]
    assert completed("annotate", "-m", "gone.keras", "--layer", "x", cwd=tmp_path) == [""]
