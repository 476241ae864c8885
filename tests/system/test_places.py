"""Paths that mean one file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from streamcam.system import places
from streamcam.system.places import Places, ignores_case, same_place


@pytest.fixture
def clip(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mp4").write_bytes(b"film")
    (tmp_path / "deep").mkdir()
    return tmp_path / "clip.mp4"


@pytest.mark.parametrize(
    "written",
    [
        "clip.mp4",
        "./clip.mp4",
        "new/../clip.mp4",
        "new/newer/../../clip.mp4",
        "deep/../clip.mp4",
        "deep/../new/.././clip.mp4",
    ],
)
def test_one_file_has_one_place_however_it_is_written(clip, written):
    assert same_place(clip, written)
    assert not same_place(clip, written.replace("clip", "other"))


def test_links_lead_to_the_place_of_their_file(clip, tmp_path):
    if not hasattr(os, "symlink"):
        pytest.skip("the system has no links")
    (tmp_path / "link.mp4").symlink_to(clip)
    (tmp_path / "link").symlink_to(tmp_path / "deep")
    os.link(clip, tmp_path / "hard.mp4")
    assert same_place("link.mp4", clip)
    assert same_place("hard.mp4", clip)
    assert same_place("link/../clip.mp4", clip)
    assert same_place("link/new.mp4", "deep/new.mp4")
    assert same_place("link/new/x.mp4", "deep/other/../new/x.mp4")
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "deep" / "later.mp4")
    assert same_place("gone.mp4", "deep/later.mp4")
    (tmp_path / "circle").symlink_to("circle")
    assert not same_place("circle", clip)


def test_what_is_not_there_yet_has_a_place_too(clip):
    found = {Places().of(name) for name in ("out.mp4", Path("out.mp4").absolute(), "new/../out.mp4", "deep/../out.mp4")}
    assert len(found) == 1
    assert not same_place("new/out.mp4", "out.mp4")
    assert not same_place("a\0b", "a")


def test_where_case_does_not_matter_names_differ_by_more_than_that(clip, monkeypatch):
    assert same_place("deep/OUT.mp4", "deep/out.mp4") is ignores_case("deep")
    monkeypatch.setattr(places, "ignores_case", lambda folder: True)
    assert same_place("deep/OUT.mp4", "deep/out.mp4")
    assert same_place("deep/Äx.mp4", "deep/äX.mp4")  # composed, and not
    assert not same_place("deep/out.mp4", "deep/out2.mp4")


def test_a_folder_is_asked_by_a_file_that_is_there(tmp_path, monkeypatch):
    (tmp_path / "One").mkdir()
    (tmp_path / "One" / "a").touch()
    real = ignores_case(tmp_path / "One")
    monkeypatch.setattr(places, "_is_there", lambda folder, name: name == "A")
    assert ignores_case(tmp_path / "One")
    monkeypatch.undo()
    if not real:
        (tmp_path / "One" / "A").touch()  # both are there: no two names of one file
        assert not ignores_case(tmp_path / "One")
    assert not ignores_case(tmp_path / "nowhere")
