"""What people change while a session runs."""

from __future__ import annotations

from typing import get_args

from streamcam.choices import Layout
from streamcam.drawing.overlay import Overlay
from streamcam.live.controls import Controls


def test_controls_go_around():
    controls = Controls(Overlay(("a", "b")))
    first = controls.to_json()
    for _ in get_args(Layout):
        controls.next_layout()
    for _ in range(5):
        controls.next_colormap()
    assert controls.to_json() == first
    for _ in range(20):
        controls.change_opacity(0.1)
    assert controls.overlay.alpha == 1
    for _ in range(20):
        controls.change_opacity(-0.1)
    assert controls.overlay.alpha == 0
    controls.explain_rank(3)
    assert controls.targets == ("top1",)
    assert controls.notice == "the model has 2 classes"
