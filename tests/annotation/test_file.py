"""One file in, one annotated file out, with any explainer."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import h5py
import numpy as np
import pytest
from makers import clips
from makers.runs import streamcam

from streamcam import Outputs, annotate_file
from streamcam.errors import SinkError
from streamcam.types import Explanation, Region


class Brightness:
    """Explains by what is bright: an explainer that knows nothing of networks."""

    labels = ("dark", "bright", "neither")
    in_flight = 2

    def start(self, frame, targets=None):
        height, width = frame.image.shape[:2]
        heat = frame.image.mean(axis=2, dtype=np.float32)[None, ::16, ::16] / 255
        probabilities = np.array([1 - heat.mean(), heat.mean(), 0], np.float32)
        classes = np.array([probabilities.argmax()], np.int32)
        explanation = Explanation(
            heat, classes, probabilities[classes], probabilities, Region(0, 0, width, height), frame.index, frame.time
        )
        return lambda: explanation

    def describe(self):
        return {"model": "brightness", "layer": None, "method": "mean"}


def test_an_explainer_of_ones_own_is_enough(tmp_path):
    clip = clips.write_clip(tmp_path / "clip.mp4", 12)
    outputs = Outputs(
        tmp_path / "out.mp4", tmp_path / "out.jsonl", tmp_path / "out.h5", dataset=tmp_path / "out.parquet",
        probabilities=True,
    )  # fmt: skip
    done = annotate_file(clip, replace(outputs, dataset=None), Brightness(), every=2)
    assert (done.frames, done.lost, done.output) == (12, 0, outputs.media)
    assert len(clips.decoded(outputs.media)) == 12
    header, *records = [json.loads(line) for line in outputs.records.read_text().splitlines()]
    assert list(header) == ["version", "source", "model", "layer", "method", "labels"]
    assert header["model"] == "brightness"
    assert [record["explained"] for record in records] == [True, False] * 6
    with h5py.File(outputs.heatmaps) as file:
        assert file["heatmaps"].shape == (12, 1, 3, 4)
        assert file["probabilities"].shape == (12, 3)


def test_what_is_there_and_the_input_itself_are_not_replaced(tmp_path):
    clip = clips.write_clip(tmp_path / "clip.mp4", 3)
    before = clip.read_bytes()
    with pytest.raises(SinkError, match="is the input itself"):
        annotate_file(clip, Outputs(clip), Brightness(), overwrite=True)
    (tmp_path / "out.mp4").write_text("mine")
    with pytest.raises(SinkError, match="exists already"):
        annotate_file(clip, Outputs(tmp_path / "out.mp4", tmp_path / "out.jsonl"), Brightness())
    assert clip.read_bytes() == before
    assert (tmp_path / "out.mp4").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "out.mp4"]


def test_after_an_error_what_was_done_is_kept_and_no_report_is_made(tmp_path):
    clip = clips.write_clip(tmp_path / "clip.mp4", 40)

    class Failing(Brightness):
        def start(self, frame, targets=None):
            if frame.index == 30:
                raise ValueError("no light")
            return super().start(frame, targets)

    outputs = Outputs(tmp_path / "out.mp4", tmp_path / "out.jsonl", report=tmp_path / "out.html")
    pytest.importorskip("plotly", reason="draws the report")
    with pytest.raises(ValueError, match="no light"):
        annotate_file(clip, outputs, Failing())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "out.part.jsonl", "out.part.mp4"]
    assert len((tmp_path / "out.part.jsonl").read_text().splitlines()) > 10


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
