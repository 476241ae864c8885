"""What a user's type checker sees of the installed package."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import streamcam

ROOT = Path(__file__).parents[1]
CLEAN = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # nothing but what is installed

SCRIPT = """
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import streamcam


class Mine:
    labels = ("a", "b")
    in_flight = 1

    def start(
        self, frame: streamcam.Frame, targets: streamcam.types.Targets | None = None
    ) -> Callable[[], streamcam.Explanation]:
        raise NotImplementedError

    def describe(self) -> streamcam.types.Header:
        return {"model": "mine"}


def watched(frames: Iterator[streamcam.Frame]) -> Iterator[float]:
    explain = streamcam.GradCAM(streamcam.load_model(), method="layercam", targets=("tiger", 3))
    for frame in frames:
        explanation = explain(frame)
        picture = streamcam.Overlay(explain.labels, alpha=0.7).draw(frame.image, explanation)
        yield float(picture.mean()) + float(explanation.scores[0])


def main() -> None:
    with streamcam.VideoSource("in.mp4") as source, streamcam.VideoSink(Path("out.mp4"), source.info) as sink:
        count: int = streamcam.run(source, Mine(), [sink])
    print(count, sum(watched(iter(source))), np.zeros(3))


"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """An environment's Python, in which the wheel is installed beside what it needs."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT], check=True
    )
    [wheel] = folder.glob("*.whl")
    venv.create(folder / "environment", with_pip=False)
    python = next(path for path in (folder / "environment").glob("*/python*") if path.stem == "python")
    place = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    (Path(place) / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_a_script_with_every_public_name_is_typed(installed, tmp_path):
    script = tmp_path / "script.py"
    names = "\n".join(f"print(streamcam.{name})" for name in streamcam.__all__)
    script.write_text(f"import streamcam.types\n{SCRIPT}\n{names}\n")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--python-executable",
        installed,
        "--cache-dir",
        tmp_path / "cache",
    ]
    done = subprocess.run([*command, script], capture_output=True, text=True, cwd=tmp_path, env=CLEAN, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "import streamcam\ncount: str = streamcam.run([], streamcam.GradCAM(streamcam.load_model()), [])\n"
    )
    told = subprocess.run(
        [*command, wrong], capture_output=True, text=True, cwd=tmp_path, env=CLEAN, check=False
    ).stdout
    assert re.search(r'"int".*"str"', told), told  # so its types are seen, and not taken for Any


def test_the_wheel_holds_what_the_package_needs(installed):
    code = (
        "from importlib.resources import files\n"
        "from streamcam.backends.weights.bundled import read_bundled_weights\n"
        "from streamcam.models.labels import imagenet_labels\n"
        "from streamcam.photographs import photographs\n"
        "import streamcam\n"
        "print(len(read_bundled_weights()), len(imagenet_labels()), len(photographs()), streamcam.__file__)\n"
        "print((files('streamcam.web') / 'static' / 'index.html').is_file(), (files('streamcam') / 'py.typed').is_file())\n"
    )
    done = subprocess.run(
        [installed, "-c", code], capture_output=True, text=True, check=True, cwd=installed.parent, env=CLEAN
    )
    first, second = done.stdout.splitlines()
    assert first.split()[1:3] == ["1000", "5"]
    assert "environment" in first
    assert second == "True True"
