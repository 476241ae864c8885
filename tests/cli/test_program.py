"""Wrong usage, tracebacks, and what the machine lacks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from makers import clips
from makers.needs import need


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["annotate"], 2, "Missing argument"),
        (["annotate", "a.mp4", "--fit", "huge"], 2, "'native', 'stretch', 'crop'"),
        (["annotate", "a.mp4", "--probabilities"], 2, "--heatmaps"),
        (["nonsense"], 2, "No such command"),
        (["annotate", "a.mp4", "-m", "resnet5000"], 1, "did you mean resnet50"),
        (["annotate", "a.mp4", "-m", "gone.keras"], 1, "gone.keras: no such model file"),
        (
            ["annotate", "a.mp4", "--target", "tigger"],
            1,
            "tigger: the model knows no such class; the nearest are tiger",
        ),
        (["annotate", "a.mp4", "--layer", "top_activatoin"], 1, "top_activation"),
        (["annotate", "a.mp4", "--colormap", "rainbows"], 1, "rainbows"),
        (["annotate", "a.mp4", "--alpha", "7"], 1, "alpha 7.0"),
        (["annotate", "a.mp4", "--size", "3"], 1, "size 3"),
        (["annotate", "a.mp4", "--codec", "nonsense"], 1, "nonsense"),
        (["layers", "gone.h5"], 1, "gone.h5: no such model file"),
    ],
)
def test_wrong_usage_is_said_in_one_line(cli, tmp_path, arguments, code, says):
    clips.write_clip(tmp_path / "a.mp4", 2)
    got, _, err = cli(*arguments)
    assert got == code
    assert says in " ".join(err.replace("│", " ").split())
    assert "Traceback" not in err
    if code == 1:
        assert len([line for line in err.splitlines() if not line.startswith("preparing ")]) == 1
    assert not (tmp_path / "a.cam.mp4").exists()


def test_debug_adds_the_traceback_anywhere(cli, tmp_path):
    _, _, err = cli("layers", "gone.h5", "--debug")
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("error: gone.h5")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="hides a library of Linux")
def test_a_missing_system_library_is_named_with_its_package(tmp_path, sample):
    """libGL is really hidden: an overlay in a mount namespace covers the folder that holds it."""
    where = subprocess.run(
        ["sh", "-c", "ldconfig -p | grep -m1 'libGL.so.1 ' | sed 's/.*=> //'"], capture_output=True, text=True
    ).stdout.strip()
    need(os.geteuid() == 0 and shutil.which("unshare") and where, "needs root, unshare and an installed libGL to hide")
    script = f"""
        mount -t tmpfs none {tmp_path} && mkdir {tmp_path}/up {tmp_path}/work
        mount -t overlay overlay -o lowerdir={Path(where).parent.resolve()},upperdir={tmp_path}/up,workdir={tmp_path}/work {Path(where).parent.resolve()}
        rm {Path(where).resolve()} {Path(where).parent.resolve()}/libGL.so.1
        {sys.executable} -m streamcam annotate {sample} -o {tmp_path}/o.mp4; echo "exit $?"
        {sys.executable} -m streamcam doctor; echo "exit $?"
    """
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True)
    assert done.stdout.count("exit 1") == 2, done
    assert "libGL.so.1" in done.stderr
    assert "apt install libgl1" in done.stderr
    assert "apt install libgl1" in done.stdout
    assert "Traceback" not in done.stderr + done.stdout
