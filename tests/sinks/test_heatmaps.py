"""Heatmaps as HDF5."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from makers import clips

from streamcam import HeatmapSink


@pytest.mark.parametrize("count", [1, 31, 32, 33, 100])
def test_heatmaps(tmp_path, count):
    with HeatmapSink(tmp_path / "a.h5", lambda: clips.HEADER, probabilities=True) as sink:
        for frame in clips.frames(count):
            sink.write(frame, clips.explanation())
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["heatmaps"].shape == (count, 1, 3, 4)
        assert file["heatmaps"].dtype == np.float32
        np.testing.assert_array_equal(file["heatmaps"][-1], clips.explanation().heatmaps)
        np.testing.assert_array_equal(file["probabilities"][0], clips.explanation().probabilities)
        np.testing.assert_array_equal(file["classes"][:, 0], np.ones(count))
        np.testing.assert_allclose(file["scores"][:, 0], 0.7)
        np.testing.assert_array_equal(file["frame"], range(count))
        np.testing.assert_allclose(file["time"], np.arange(count) / 30)
        assert file.attrs["source"] == "x.mp4"
