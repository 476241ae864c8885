"""``streamcam doctor``."""

from __future__ import annotations

import os
import subprocess
import sys


def test_doctor_finds_this_machine_fit(cli):
    code, out, _ = cli("doctor")
    assert code == 0, out
    for subject in ("opencv", "decoders", "encoders", "display", "engine", "model", "disk"):
        assert f" {subject}: " in out
    assert "MISSING" not in out


def test_doctor_reports_what_is_wrong_and_how_to_mend_it(cli, monkeypatch):
    import streamcam.backends.weights.bundled as lite

    monkeypatch.setattr(lite, "WEIGHTS_SHA256", "0")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    code, out, _ = cli("doctor")
    assert code == 1
    assert "MISSING model" in out
    assert "xvfb-run" in out or sys.platform in ("win32", "darwin")


def test_opencvs_that_are_installed_over_each_other_are_named(tmp_path):
    """Each of them brings ``cv2``; packages beside streamcam depend on another one than it does."""
    for name in ("opencv_python_headless", "opencv_contrib_python"):
        folder = tmp_path / f"{name}-5.0.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 5.0.0\n")
    done = subprocess.run(
        [sys.executable, "-m", "streamcam", "doctor"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if "over each other" in line)
    names = "opencv-python and opencv-python-headless and opencv-contrib-python"
    assert lines[at] == f"note    opencv: {names} are installed over each other: which of them is loaded is chance"
    assert "pip install --force-reinstall opencv-python" in lines[at + 1]
    alone = subprocess.run([sys.executable, "-m", "streamcam", "doctor"], capture_output=True, text=True, check=True)
    assert "over each other" not in alone.stdout


def test_a_cache_that_cannot_be_used_is_named(tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    folder.chmod(0o777)
    done = subprocess.run(
        [sys.executable, "-m", "streamcam", "doctor"],
        env=os.environ | {"STREAMCAM_CACHE": str(folder)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    if os.name != "nt":
        assert f"note    cache: {folder} can be written to by others, and is not used" in done.stdout
        assert "set STREAMCAM_CACHE to a folder of your own" in done.stdout
