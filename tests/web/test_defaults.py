"""The page's defaults, and how they are changed."""

from __future__ import annotations

from dataclasses import fields

from streamcam.drawing.overlay import Overlay
from streamcam.live.controls import Controls
from streamcam.web.defaults import ChangeDefaults, PageDefaults


def test_every_setting_can_be_changed():
    assert [field.name for field in fields(PageDefaults)] == list(ChangeDefaults.__struct_fields__)


def test_a_change_names_what_it_changes_and_the_rest_stays():
    before = PageDefaults(language="de", alpha=0.3)
    after = before.changed(ChangeDefaults(alpha=0.8, allowed=(3, 1, 3)))
    assert after == PageDefaults(language="de", alpha=0.8, allowed=(3, 1))
    assert before.changed(ChangeDefaults(allowed=())).allowed == ()


def test_defaults_are_applied_to_a_session_and_read_from_it():
    defaults = PageDefaults(language="fr", colormap="turbo", alpha=0.2, blend="add", method="layercam", allowed=(1,))
    controls = Controls(Overlay(("a", "b"), top_k=7))
    defaults.apply_to(controls)
    assert PageDefaults.of(controls, language="fr", allowed=(1,)) == defaults
    assert controls.overlay.top_k == 7
