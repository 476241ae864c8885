"""Records as JSON Lines."""

from __future__ import annotations

import json

from makers import clips

from streamcam import RecordSink


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
