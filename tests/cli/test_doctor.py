"""``streamcam doctor``."""

from __future__ import annotations

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
