"""Many files as one call: shards, clusters, and one data set of all records."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from makers.needs import need_module
from makers.runs import bytes_of, call, command


def test_shards_make_what_one_run_makes(originals, undisturbed, model, tmp_path):
    out = tmp_path / "out"
    running = [
        subprocess.Popen(
            command(originals, "-o", out, "--records", out, "--shard", f"{n}/3", model=model), stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        for n in (1, 2, 3)
    ]  # fmt: skip
    for process in running:
        process.wait(timeout=300)
    assert bytes_of(out) == bytes_of(undisturbed[0])


def test_records_are_one_data_set(originals, model, tmp_path):
    dataset = need_module("pyarrow.dataset", "reads the data set")
    out, data = tmp_path / "out", tmp_path / "data"
    call(originals / "3", "-o", out, "--records-dataset", data, "--records", tmp_path / "rec", model=model)
    table = dataset.dataset(data, partitioning="hive").to_table()
    files = sorted(path.name for path in (originals / "3").iterdir())
    assert sorted(set(table["file"].to_pylist())) == files
    expected = [
        json.loads(line) | {"file": f"{path.stem}.mp4"}
        for path in sorted((tmp_path / "rec").glob("*.jsonl"))
        for line in path.read_text().splitlines()[1:]
    ]
    rows = sorted(table.to_pylist(), key=lambda row: (row["file"], row["frame"]))
    assert len(rows) == len(expected)
    for row, record in zip(rows, expected, strict=True):
        assert (row["file"], row["frame"], row["time"]) == (record["file"], record["frame"], record["time"])
        assert row["class"] == record["top"][0]["class"]
        assert row["top"] == record["top"]
        assert row["targets"][0]["centroid"] == record["targets"][0]["centroid"]


@pytest.mark.parametrize("wrong", ["0/3", "4/3", "x", "1/0", "1", "-1/2"])
def test_a_shard_that_is_none_is_refused(sample, wrong):
    done = subprocess.run(
        [sys.executable, "-m", "streamcam", "annotate", str(sample), "--shard", wrong],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "1/4" in done.stderr


def test_an_address_that_is_a_folder_is_told_from_a_cluster(source, tiny_model, tmp_path):
    done = call("--ray", source, source, "-o", tmp_path / "out", model=tiny_model, code=2)
    assert "takes an address" in done.stderr
