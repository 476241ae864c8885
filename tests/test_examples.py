"""The examples of public docstrings and of the README: type checkers accept them, and every public name has one."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from makers.needs import need_module

import streamcam

ROOT = Path(__file__).parents[1]

# What examples take for granted.
AROUND = """# pyright: basic, reportMissingImports=false, reportUnusedExpression=false
from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import streamcam
from streamcam import {names}
from streamcam.types import UInt8Array


def my_camera() -> Iterator[UInt8Array]:
    while True:
        yield np.zeros((480, 640, 3), np.uint8)


my_keras_model: Any = None
image: UInt8Array = np.zeros((480, 640, 3), np.uint8)
explain = streamcam.GradCAM("efficientnet-lite0")
my_explainer = explain
source = streamcam.VideoSource("in.mp4")
overlay = streamcam.Overlay(explain.labels)
outputs = streamcam.Outputs(Path("out.mp4"))
result = streamcam.explain("cat.jpg")
"""


def example_of(name: str) -> str:
    """The example in a public name's docstring: a block, or a line."""
    doc = inspect.getdoc(getattr(streamcam, name)) or ""
    if block := re.search(r"::\n\n((?:    .*(?:\n|$)|\n)+)", doc):
        return textwrap.dedent(block[1])
    line = re.search(r"Example: ``(.+?)``", doc.replace("\n", " "))
    assert line, f"{name} has no example"
    return line[1]


def wrapped(number: int, code: str) -> str:
    """An example as a function, so that names of one are not those of another."""
    return f"\n\ndef example_{number}() -> None:\n" + textwrap.indent(code.rstrip(), "    ") + "\n"


def test_every_public_name_has_an_example_and_a_sentence():
    for name in streamcam.__all__:
        assert example_of(name), name
        compile(example_of(name), name, "exec")
        first = (inspect.getdoc(getattr(streamcam, name)) or "").splitlines()[0]
        assert first[0].isupper() or first[0] == "`", name
        assert first.rstrip().endswith((".", ":", "?", "white")), (name, first)


@pytest.fixture(scope="module")
def script(tmp_path_factory) -> Path:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = [block for block in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "torch.onnx" not in block]
    assert len(blocks) >= 3
    found = [example_of(name) for name in streamcam.__all__] + blocks
    names = ", ".join(name for name in streamcam.__all__ if name != "explain")  # which is an explainer here
    text = AROUND.replace("{names}", names) + "".join(wrapped(number, code) for number, code in enumerate(found))
    path = tmp_path_factory.mktemp("examples") / "examples.py"
    path.write_text(text, encoding="utf-8")
    return path


def test_mypy_accepts_them_in_strict_mode(script):
    settings = script.with_name("mypy.ini")
    settings.write_text("[mypy]\n[mypy-imageio.*,supervision.*]\nignore_missing_imports = True\n")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file",
        settings,
        "--cache-dir",
        script.parent / "cache",
    ]
    done = subprocess.run([*command, script], capture_output=True, text=True, cwd=script.parent, check=False)
    assert done.returncode == 0, done.stdout


def test_pyright_accepts_them_in_basic_mode(script):
    need_module("pyright", "is the other type checker")
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, script]
    done = subprocess.run(command, capture_output=True, text=True, cwd=script.parent, check=False)
    assert "0 errors" in done.stdout, done.stdout


def test_help_of_the_package_reads_well():
    import pydoc

    text = pydoc.plain(pydoc.render_doc(streamcam))
    assert "The whole program in ten lines" in text
    assert 'streamcam.explain("zoo.jpg")' in text
    assert text.index("explain(") < text.index("class VideoSource")
