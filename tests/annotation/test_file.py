"""What one annotated file records."""

from __future__ import annotations

import json

import cv2
from makers.runs import streamcam


def test_what_is_asked_of_the_model_is_in_the_records(tmp_path, cat):
    """The top class is not the true one: the true one's map is one option away."""
    cv2.imwrite(str(tmp_path / "cat.png"), cat)
    done = streamcam(
        "annotate", "cat.png", "--target", "tabby", "--target", "tabby vs Egyptian cat", "--target", "not tabby",
        "--layout", "side by side", "--roi", "60,40,300,240", "--alert-below", 0.99, "--records", "r.jsonl", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "looks elsewhere from 0.00 to 0.00 s" in done.stdout
    record = json.loads((tmp_path / "r.jsonl").read_text().splitlines()[1])
    assert record["top"][0]["label"] == "Egyptian cat"
    assert record["alert"] is True
    plain, compared, against = record["targets"]
    assert [t["label"] for t in record["targets"]] == ["tabby"] * 3
    assert "versus" not in plain
    assert compared["versus"]["label"] == "Egyptian cat"
    assert against["against"] is True
    assert 0 < plain["inside"] <= 1
