"""Serving a live page or an exhibit, as a whole."""

from __future__ import annotations

import dataclasses
import json
import urllib.request

import pytest
from makers.servers import TOKEN, Serving

from streamcam.errors import MissingLibraryError, OptionError
from streamcam.settings import ExhibitSettings, ExplainSettings, PageSettings, PictureSettings
from streamcam.web import serve as serving
from streamcam.web.addresses import Started
from streamcam.web.serve import serve

SMALL = ExplainSettings(size=96)


def test_an_exhibit_without_a_camera_shows_something_and_says_so(tmp_path):
    with Serving("99", "--size", "96", "--kiosk") as serving, serving.connected() as viewer:
        viewer.state(phase="attracting")
        assert viewer.explained()
        health = serving.health()
        assert (health["status"], health["phase"]) == ("degraded", "attracting")
        assert "99" in health["reason"]
        serving.wait(lambda: serving.metric("streamcam_camera_silent_seconds") > 2)
        assert serving.get("/health")[0] == 200


def test_a_camera_that_is_gone_for_long_is_a_failure():
    with Serving("99", "--size", "96", "--fail-after", "1") as serving:
        serving.wait(lambda: serving.health()["status"] == "failing")
        assert serving.get("/health")[0] == 503
        assert serving.metric('streamcam_health{status="failing"}') == 1


def test_a_python_program_serves_a_page_and_learns_what_it_did(sample):
    pages = []

    def look(where: Started) -> None:
        assert where.local_only
        assert where.staff_link == f"{where.address}/staff#{TOKEN}"
        assert TOKEN not in repr(where)
        with urllib.request.urlopen(f"{where.address}/page.json", timeout=20) as answer:
            pages.append(json.loads(answer.read()))

    served = serve(sample, explain=SMALL, page=PageSettings(port=0, token=TOKEN), seconds=2, started=look)
    assert pages[0]["kiosk"] is False
    assert served.stats.frames.captured > 0
    assert (served.viewers, served.encoded, served.interrupted) == (0, 0, False)
    with pytest.raises(dataclasses.FrozenInstanceError):
        served.viewers = 1


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"page": PageSettings(port=0, token="short")}, "at least 12 characters"),
        ({"page": PageSettings(port=0, max_viewers=0)}, "max-viewers 0: must be 1 or more"),
        ({"page": PageSettings(port=0, quality=101)}, "at most 100"),
        ({"page": PageSettings(port=0), "picture": PictureSettings(colormap="hot")}, "the page has jet"),
        ({"page": PageSettings(port=0), "exhibit": ExhibitSettings(allow=("top1",))}, "no ranks"),
        ({"page": PageSettings(port=0), "explain": ExplainSettings(targets=("not tiger",))}, "'vs' and 'not'"),
    ],
)
def test_settings_that_cannot_be_served_are_errors_of_python(sample, settings, says):
    with pytest.raises(OptionError, match=says):
        serve(sample, **settings)


def test_without_its_libraries_it_names_what_to_install(sample, monkeypatch):
    monkeypatch.setattr(serving, "find_spec", lambda name: None)
    with pytest.raises(MissingLibraryError, match=r"streamcam\[serve\]"):
        serve(sample)
