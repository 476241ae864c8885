"""What is handed on: a source distribution that passes its own tests, and a wheel of it that is whole."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

import streamcam

ROOT = Path(__file__).parents[1]
LEFT_OUT = {"__pycache__", "build", "dist"}


def files_of(folder: Path) -> set[str]:
    """The files of the project, without what tools leave behind."""
    found = set()
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in LEFT_OUT and (name[0] != "." or name == ".ci")]
        folders[:] = [name for name in folders if not name.endswith(".egg-info")]
        found |= {Path(place, name).relative_to(folder).as_posix() for name in names if ".cam." not in name}
    return found


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder], cwd=ROOT, check=True)
    [archive] = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    [root] = [path for path in folder.iterdir() if path.is_dir()]
    assert root.name == f"streamcam-{streamcam.__version__}"
    return root


def test_the_source_distribution_is_the_project(unpacked):
    inside = files_of(unpacked) - {"PKG-INFO", ".gitignore"}
    assert inside == files_of(ROOT) - {".gitignore"}


def test_it_passes_its_own_tests(unpacked):
    """Some of them here, with helpers, samples and data; the others are the same files."""
    chosen = ["tests/models/test_labels.py", "tests/drawing/test_overlay.py", "tests/test_iteration.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *chosen]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        command, cwd=unpacked, env=clean | {"PYTHONPATH": str(unpacked)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_a_wheel_made_of_it_has_all_files_and_says_what_it_is(unpacked, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], cwd=unpacked, check=True
    )
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.startswith("streamcam-")}
        [metadata] = [name for name in archive.namelist() if name.endswith("/METADATA")]
        facts = message_from_bytes(archive.read(metadata))
    assert names == {f"streamcam/{name}" for name in files_of(ROOT / "streamcam")}
    assert facts["Version"] == streamcam.__version__
    assert facts["Requires-Python"] == ">=3.11"
    assert "Typing :: Typed" in facts.get_all("Classifier")
    assert facts["Description-Content-Type"] == "text/markdown"
