"""Many files as one call: shards, clusters, and one data set of all records."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest
from makers import clips
from makers.needs import need_module
from makers.runs import bytes_of, call, command

from streamcam import annotate_all
from streamcam.batch.annotate import CombinationError
from streamcam.batch.outcome import Summary
from streamcam.batch.settings import AnnotationSettings


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


def test_the_example_of_the_docstring_runs_as_written(tmp_path):
    (tmp_path / "archive").mkdir()
    clips.write_clip(tmp_path / "archive" / "clip.mp4", 4)
    (tmp_path / "archive" / "bad.mp4").write_bytes(b"no film")
    code = textwrap.dedent(annotate_all.__doc__.split("::\n\n")[1].split("\n\n    Nothing")[0])
    assert len([line for line in code.splitlines() if line]) <= 10
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    first, *lines, summary = done.stdout.splitlines()
    assert first == "2 of 2 files are to be done"
    assert f"archive/clip.mp4 done 4 frames in {Path('annotated/clip.cam.mp4')}" in lines
    assert any(line.startswith("archive/bad.mp4 failed archive/bad.mp4: not a video") for line in lines)
    assert "total=2, done=1, skipped=0, failed=1, not_begun=0, frames=4" in summary
    assert (tmp_path / "annotated" / "clip.jsonl").exists()


def test_outcomes_come_as_they_are_there_and_a_second_call_goes_on(source, settings, tmp_path):
    told = []
    run = annotate_all(source, tmp_path / "out", settings=settings, progress=told.append)
    assert (run.total, run.to_do, run.several, run.is_resumable) == (3, 3, True, True)
    assert run.summary == Summary(3, 0, 0, 0, 3, 0, 0.0)
    for outcome in run:
        assert outcome.state == "done"
        assert outcome.source == str(source / "a.mp4")
        assert run.summary.not_begun == 2
        break
    assert {progress.task.name for progress in told} == {str(source / "a.mp4")}
    run = annotate_all(source, tmp_path / "out", settings=settings)
    assert run.to_do == 2
    assert [outcome.state for outcome in run] == ["skipped", "done", "done"]
    assert (run.summary.done, run.summary.skipped, run.summary.frames, run.index) == (3, 1, 10, None)
    with pytest.raises(RuntimeError, match="once"):
        list(run)


def test_inputs_that_stand_for_no_file_are_outcomes(source, settings, tmp_path):
    run = annotate_all([tmp_path / "*.mkv", source / "a.mp4"], tmp_path / "out", settings=settings)
    assert (run.total, run.to_do) == (2, 1)
    missing, done = run
    assert (missing.source, missing.state, missing.job) == (str(tmp_path / "*.mkv"), "failed", None)
    assert "matches no video" in missing.error
    assert done.state == "done"


@pytest.mark.parametrize(
    ("wrong", "option"),
    [
        ({"probabilities": True}, "--probabilities"),
        ({"settings": AnnotationSettings(track=True)}, "--track"),
        ({"settings": AnnotationSettings(alert_below=0.5)}, "--alert-below"),
        ({"workers": 2, "ray": "local"}, "--workers"),
        ({"ray": "auto", "output": "s3://bucket/out"}, "--ray"),
        ({"inputs": "s3://bucket/in"}, "--output"),
        ({"shard": "3/2"}, "--shard"),
        ({"inputs": ["a.mp4", ""]}, "INPUT"),
        ({"output": ""}, "--output"),
        ({"inputs": ["-", "-"], "output": "out"}, "INPUT"),
        ({"inputs": "-"}, "--output"),
        ({"output": "-", "workers": 2}, "--output"),
    ],
)
def test_options_that_do_not_go_together_are_refused_at_once(source, wrong, option):
    with pytest.raises(CombinationError) as refused:
        annotate_all(**({"inputs": source} | wrong))
    assert refused.value.option == option
    assert str(refused.value).startswith(f"{option}: ")


def test_leaving_the_loop_ends_the_workers(source, settings, tmp_path):
    for outcome in annotate_all(source, tmp_path / "out", settings=settings, workers=2):
        assert outcome.state == "done"
        break
    gc.collect()
    assert not psutil.Process().children()
