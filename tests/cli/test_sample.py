"""The sample clip, from end to end."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from makers import clips
from makers.runs import read_records

from streamcam import VideoSource

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="module")
def annotated_sample(tmp_path_factory, sample):
    """The sample annotated by the real program in a process of its own."""
    folder = tmp_path_factory.mktemp("sample")
    shutil.copy(sample, folder / "clip.mp4")
    done = subprocess.run(
        [sys.executable, "-m", "streamcam", "annotate", "clip.mp4", "--records", "clip.jsonl", "--heatmaps", "clip.h5", "--probabilities"],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, done


def test_the_sample_is_named_and_the_heat_lies_on_it(annotated_sample):
    folder, _ = annotated_sample
    spec = importlib.util.spec_from_file_location("make_sample", SAMPLES / "make_sample.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    header, *records = read_records(folder / "clip.jsonl")
    assert len(records) == 2 * script.SCENE
    with h5py.File(folder / "clip.h5") as file:
        maps = file["heatmaps"][:, 0]
    named = on_object = 0
    for record, heat in zip(records, maps, strict=True):
        index = record["frame"]
        wanted = {"Egyptian cat", "tabby", "tiger cat"} if index < script.SCENE else {"espresso"}
        named += record["top"][0]["label"] in wanted
        x0, y0, x1, y1 = script.box_at(index)
        x, y = record["targets"][0]["centroid"]
        rows, columns = np.mgrid[: heat.shape[0], : heat.shape[1]]
        centre_x = (columns + 0.5) * script.WIDTH / heat.shape[1]
        centre_y = (rows + 0.5) * script.HEIGHT / heat.shape[0]
        inside = (centre_x >= x0) & (centre_x < x1) & (centre_y >= y0) & (centre_y < y1)
        share, chance = heat[inside].sum() / heat.sum(), inside.mean()
        on_object += x0 <= x < x1 and y0 <= y < y1 and share > chance
    assert named / len(records) > 0.9
    assert on_object / len(records) > 0.9
    assert header["layer"] == "top_activation"


def test_the_annotated_sample_is_the_sample_with_heat_on_it(annotated_sample):
    folder, _ = annotated_sample
    source, target = folder / "clip.mp4", folder / "clip.cam.mp4"
    assert sorted(p.name for p in folder.iterdir()) == ["clip.cam.mp4", "clip.h5", "clip.jsonl", "clip.mp4"]
    assert [d for _, d in clips.audio_packets(target)] == [d for _, d in clips.audio_packets(source)]
    np.testing.assert_allclose(
        [t for t, _ in clips.audio_packets(target)], [t for t, _ in clips.audio_packets(source)], atol=1e-6
    )
    with VideoSource(source) as a, VideoSource(target) as b:
        pairs = list(zip(a, b, strict=True))
    assert all(x.time == pytest.approx(y.time, abs=1e-9) for x, y in pairs)
    assert all(15 < np.abs(x.image.astype(int) - y.image).mean() < 110 for x, y in pairs)


def test_the_summary_says_what_was_done(annotated_sample):
    _, done = annotated_sample
    assert "clip.mp4 -> clip.cam.mp4: 180 frames" in done.stdout
    assert "fps" in done.stdout
    assert "efficientnet-lite0 at top_activation" in done.stdout
    assert "Traceback" not in done.stderr
    assert "oneDNN" not in done.stderr


def test_records_and_heatmaps_agree(annotated_sample):
    folder, _ = annotated_sample
    header, *records = read_records(folder / "clip.jsonl")
    assert set(header) == {
        "version",
        "source",
        "model",
        "layer",
        "method",
        "score",
        "fit",
        "size",
        "preprocess",
        "preprocess_from",
        "engine",
        "precision",
        "labels",
    }
    with h5py.File(folder / "clip.h5") as file:
        assert dict(file.attrs) == header
        assert file["heatmaps"].shape == (180, 1, 7, 12)
        assert file["heatmaps"].dtype == np.float32
        assert file["probabilities"].shape == (180, 1000)
        np.testing.assert_allclose(file["probabilities"][:].sum(axis=1), 1, atol=1e-4)
        np.testing.assert_array_equal(file["classes"][:, 0], [r["targets"][0]["class"] for r in records])
        np.testing.assert_allclose(file["scores"][:, 0], [r["top"][0]["score"] for r in records], atol=1e-6)
        np.testing.assert_allclose(file["time"][:], [r["time"] for r in records], atol=1e-6)
        assert file["heatmaps"][:].max(axis=(1, 2, 3)).std() > 0  # raw: not stretched to the same maximum
