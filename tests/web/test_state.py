"""What staff and visitors change, and how it goes back."""

from __future__ import annotations

import json

import pytest
from makers.servers import TOKEN, Serving, closed_with

from streamcam.drawing.overlay import Overlay
from streamcam.live.controls import Controls
from streamcam.web.defaults import ChangeDefaults, PageDefaults
from streamcam.web.messages import Explain, Touch, parse
from streamcam.web.state import PageState


def test_only_staff_change_what_visitors_find_and_it_outlives_a_restart(camera, tmp_path):
    arguments = [camera.url, "--size", "96", "--settings", str(tmp_path / "settings.json"), "--allow", "espresso"]
    with Serving(*arguments) as serving:
        with serving.connected() as visitor:
            visitor.send(do="explain", classes=[285])
            assert visitor.receive("denied") == "not allowed"
            visitor.send(do="explain", classes=[967])
            visitor.state(asked=[967])
            visitor.send(do="settings", language="de")
            assert closed_with(visitor) == 1008
        with serving.connected(TOKEN) as staff:
            assert staff.receive("welcome")["role"] == "staff"
            assert staff.receive("health")["status"] == "ok"
            staff.send(do="settings", language="de", allowed=[285, 281], colormap="viridis", alpha=0.7)
            assert staff.state(asked=[])["curated"]["language"] == "de"
            staff.send(do="settings", language="xx")
            assert staff.receive("denied") == "unknown language"
            staff.send(do="restart")
            serving.wait(lambda: serving.metric("streamcam_restarts_total") == 1)
            staff.explained()
    with Serving(*arguments) as serving, serving.connected() as visitor:
        curated = visitor.receive("state")["curated"]
        assert (curated["language"], curated["allowed"], curated["colormap"]) == ("de", [285, 281], "viridis")
    (tmp_path / "settings.json").write_text("{")
    with Serving(*arguments) as serving, serving.connected(TOKEN) as staff:
        assert staff.receive("state")["curated"]["language"] == "en"
        assert "settings.json: it cannot be read (it is no JSON); it is kept as" in staff.receive("health")["settings"]
    assert [path.read_text() for path in tmp_path.glob("settings.damaged-*.json")] == ["{"]


def test_idle_visitors_are_forgotten():
    now = [0.0]
    state = PageState(
        Controls(Overlay(("a", "b"))), PageDefaults(colormap="turbo"), ("en",), idle_reset=45, clock=lambda: now[0]
    )
    state.apply(Explain((1,)), "visitor")
    state.controls.method = "layercam"
    for now[0] in (10.0, 44.0):
        state.reset_when_idle()
        assert state.status().asked == (1,)
    now[0] = 45.0
    state.reset_when_idle()
    assert state.status().asked == ()
    assert (state.controls.method, state.controls.overlay.colormap, state.resets) == ("gradcam", "turbo", 1)
    state.reset_when_idle()
    assert state.resets == 1  # once


def test_who_only_looks_is_no_reason_to_wait():
    now = [0.0]
    state = PageState(Controls(Overlay(("a",))), PageDefaults(), ("en",), idle_reset=45, clock=lambda: now[0])
    state.apply(Explain((0,)), "visitor")
    now[0] = 40.0
    assert state.apply(Touch(), "viewer") == ""
    assert state.apply(Explain((0,)), "viewer") == "locked"
    now[0] = 50.0
    state.reset_when_idle()
    assert state.resets == 1


def test_settings_that_fit_no_more_are_left_one_by_one(tmp_path, caplog):
    path = tmp_path / "settings.json"
    path.write_text('{"language": "it", "allowed": [1], "alpha": 0.7}')
    state = PageState(Controls(Overlay(("a", "b"))), PageDefaults(), ("en",), settings_file=path)
    assert state.defaults == PageDefaults(language="en", allowed=(1,), alpha=0.7)
    assert "language: unknown language; the usual settings are taken there" in caplog.text
    assert "language: unknown language" in state.trouble


def test_settings_that_cannot_be_kept_are_said_to_be_so(tmp_path):
    state = PageState(
        Controls(Overlay(("a",))), PageDefaults(), ("en",), settings_file=tmp_path / "nowhere" / "settings.json"
    )
    assert state.save() == "not kept"


@pytest.mark.parametrize(
    "content", [b"[]", b'{"alpha": 7}', b'{"alpha": "high"}', b"", b"7", b"\xff\xfe", b"[" * 100_000, b'{"alpha": NaN}']
)
def test_a_file_that_cannot_be_used_is_set_aside_and_an_exhibit_starts(tmp_path, content):
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    state = PageState(Controls(Overlay(("a",))), PageDefaults(), ("en",), settings_file=path)
    assert state.defaults == PageDefaults()
    [copy] = tmp_path.glob("settings.damaged-*")
    assert copy.read_bytes() == content
    assert copy.name in state.trouble


def test_what_a_newer_version_has_kept_is_kept(tmp_path):
    path = tmp_path / "settings.json"
    path.write_text('{"alpha": 0.7, "smell": {"of": ["coffee"]}}')
    state = PageState(Controls(Overlay(("a",))), PageDefaults(), ("en",), settings_file=path)
    assert (state.defaults.alpha, state.trouble) == (0.7, "")
    assert state.change_defaults(ChangeDefaults(alpha=0.6)) == ""
    assert state.save() == ""
    kept = json.loads(path.read_text())
    assert (kept["alpha"], kept["smell"]) == (0.6, {"of": ["coffee"]})
    assert [path] == list(tmp_path.iterdir())
    assert parse('{"do": "settings"}') == ChangeDefaults()
