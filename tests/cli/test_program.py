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
        (["annotate"], 2, "INPUT...: is missing; name a file or a folder"),
        (["annotate", "a.mp4", "--fit", "huge"], 2, "--fit huge: choose one of auto, native, stretch, crop"),
        (["annotate", "a.mp4", "--probabilities"], 2, "--heatmaps"),
        (["nonsense"], 2, "no such command"),
        (["live", "a.mp4", "b.mp4"], 2, "b.mp4"),
        (["annotate", "a.mp4", "--nonsense"], 2, "no such option: --nonsense"),
        (["annotate", "a.mp4", "--alpha"], 2, "--alpha"),
        (["annotate", "a.mp4", "-m", "resnet5000"], 1, "did you mean resnet50"),
        (["annotate", "a.mp4", "-m", "gone.keras"], 1, "gone.keras: no such model file"),
        (
            ["annotate", "a.mp4", "--target", "tigger"],
            2,
            "--target tigger: the model knows no such class; the nearest are tiger",
        ),
        (["annotate", "a.mp4", "--target", " "], 2, "--target '': name a class"),
        (
            ["annotate", "a.mp4", "--target", "espresso vs 967"],
            2,
            "--target espresso vs 967: compares a class with itself",
        ),
        (
            ["annotate", "a.mp4", "--layer", "top_activatoin"],
            2,
            "--layer top_activatoin: efficientnet-lite0 has no such layer",
        ),
        (["annotate", "a.mp4", "--colormap", "rainbows"], 2, "--colormap rainbows: OpenCV has none of that name"),
        (["annotate", "a.mp4", "--alpha", "-0.5"], 2, "--alpha -0.5: the heatmap's opacity must be 0 to 1"),
        (["annotate", "a.mp4", "--alpha", "much"], 2, "--alpha much: must be a number"),
        (["annotate", "a.mp4", "--alpha", "nan"], 2, "--alpha nan: "),
        (["annotate", "a.mp4", "--size", "3"], 2, "--size 3: the short side"),
        (["annotate", "a.mp4", "--codec", "nonsense"], 2, "--codec nonsense: this FFmpeg has no such encoder"),
        (["annotate", "a.mp4", "--codec", "gif"], 2, "--codec gif: "),
        (["annotate", "a.mp4", "--preset", "fastest"], 2, "--preset fastest: libx264 has no such speed"),
        (["annotate", "a.mp4", "--crf", "70"], 2, "--crf 70: must be at most 63"),
        (["annotate", "a.mp4", "--max-fps", "0"], 2, "--max-fps 0: must be more than 0"),
        (["annotate", "a.mp4", "--max-fps", "-3"], 2, "--max-fps -3: must be more than 0"),
        (["annotate", "a.mp4", "--sure", "2"], 2, "--sure 2"),
        (["annotate", "a.mp4", "--roi", "here"], 2, "--roi here: give x,y,width,height"),
        (["annotate", "a.mp4", "--roi", "1,1,9,9", "--alert-below", "3"], 2, "--alert-below 3: the share"),
        (["annotate", "a.mp4", "--clip-hop", "2"], 2, "--clip-hop 2: efficientnet-lite0 looks at single pictures"),
        (["annotate", "a.mp4", "--start", "soon"], 2, "--start soon: write seconds"),
        (["serve", "a.mp4", "--port", "70000"], 2, "--port 70000: must be at most 65535"),
        (["layers", "gone.h5"], 1, "gone.h5: no such model file"),
    ],
)
def test_wrong_usage_is_said_in_one_line(cli, tmp_path, arguments, code, says):
    clips.write_clip(tmp_path / "a.mp4", 2)
    got, _, err = cli(*arguments)
    assert got == code
    assert says in err
    assert "Traceback" not in err
    assert "alue error" not in err
    assert "nput should" not in err
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
