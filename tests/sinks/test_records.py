"""Records: what the model said, and where the evidence lies."""

from __future__ import annotations

import json

import numpy as np
from makers import clips

from streamcam import RecordSink
from streamcam.sinks.records import place_of
from streamcam.types import Region


def test_records(tmp_path):
    with RecordSink(tmp_path / "a.jsonl", lambda: clips.HEADER, clips.LABELS, top_k=2) as sink:
        for frame in clips.frames(3):
            sink.write(frame, clips.explanation())
            assert len(sink.output.part.read_text(encoding="utf-8").splitlines()) == 2 + frame.index
    header, *records = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()]
    assert header == clips.HEADER
    assert records[2] == {
        "frame": 2,
        "time": 0.066667,
        "explained": False,  # the explanation is frame 0's
        "top": [{"class": 1, "label": "bee", "score": 0.7}, {"class": 2, "label": "猫", "score": 0.2}],
        "targets": [
            {
                "class": 1,
                "label": "bee",
                "score": 0.7,
                "peak": [56.0, 40.0],
                "centroid": records[2]["targets"][0]["centroid"],
            }
        ],
    }


def test_places_are_in_frame_pixels():
    heat = np.zeros((2, 4), np.float32)
    heat[1, 2] = 3
    assert place_of(heat, Region(100, 0, 180, 20)) == {"peak": [150.0, 15.0], "centroid": [150.0, 15.0]}
    heat[1, 0] = 3
    assert place_of(heat, Region(100, 0, 180, 20))["centroid"] == [130.0, 15.0]
    assert place_of(np.zeros((2, 4), np.float32), Region(0, 0, 8, 8)) == {"peak": None, "centroid": None}
