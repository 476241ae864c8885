"""Snapshots: a picture and its record, and never over another."""

from __future__ import annotations

import json

import cv2
import pytest
from makers import clips

from streamcam.errors import SinkError
from streamcam.live.snapshot import free_path, save_snapshot


def test_a_picture_and_its_record(tmp_path):
    [frame] = clips.frames(1)
    folder = tmp_path / "new"
    path = save_snapshot(folder, frame, clips.explanation(), clips.HEADER, clips.LABELS, 2)
    assert (cv2.imread(str(path)) == frame.image).all()
    record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert record["source"] == "x.mp4"
    assert [top["label"] for top in record["top"]] == ["bee", "猫"]
    again = save_snapshot(folder, frame, None, clips.HEADER, clips.LABELS, 2)
    assert again != path
    assert json.loads(again.with_suffix(".json").read_text(encoding="utf-8"))["top"] == []


def test_a_name_that_is_taken_is_left_alone(tmp_path):
    names = set()
    for _ in range(3):  # within a second, or two
        path = free_path(tmp_path, ".mp4")
        path.touch()
        names.add(path)
    assert len(names) == 3


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SinkError, match="file"):
        save_snapshot(tmp_path / "file" / "deep", clips.frames(1)[0], None, clips.HEADER, clips.LABELS, 2)
