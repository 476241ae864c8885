"""Parquet: the columns hold what the records hold."""

from __future__ import annotations

import numpy as np
from makers import clips
from pyarrow import parquet

from streamcam.sinks.dataset import DatasetSink
from streamcam.sinks.rows import record_of
from streamcam.types import Covering, Explanation, Frame, Inside, Region


def test_every_column_is_filled_from_the_record(tmp_path):
    probabilities = np.full(len(clips.LABELS), 0.1, np.float32)
    explanation = Explanation(
        np.eye(4, dtype=np.float32)[None],
        np.array([1], np.int32),
        probabilities[:1],
        probabilities,
        Region(0, 0, 40, 40),
        strength=np.array([0.625], np.float32),
        certainty=0.5,
        verdict="unsure",
        covering=Covering(0.5, 0.1),
        inside=Inside((0.25,), False, ()),
    )
    frame = Frame(np.zeros((40, 40, 3), np.uint8), 0, 0.0)
    with DatasetSink(tmp_path / "a.parquet", lambda: clips.HEADER, clips.LABELS) as sink:
        sink.write(frame, explanation)
    [row] = parquet.read_table(tmp_path / "a.parquet").to_pylist()
    record = record_of(frame, explanation, clips.LABELS, 5)
    [target], [stored] = record["targets"], row["targets"]
    assert stored == {name: target[name] for name in stored}
    assert stored["strength"] == 0.625
    assert all(value is not None for value in (row | stored).values())
    for name in ("frame", "time", "explained", "verdict", "covering", "top"):
        assert row[name] == record[name]
