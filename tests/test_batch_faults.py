"""What happens to many files in a night: some vanish, some have odd names, workers cannot begin."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from urllib.parse import unquote

import pytest
from makers import clips
from makers.needs import need_module
from makers.runs import bytes_of, call, command

from streamcam.batch.driver import Batch
from streamcam.batch.jobs import plan
from streamcam.batch.manifest import Manifest
from streamcam.batch.settings import Settings
from streamcam.batch.workers import Processes, usable_cores
from streamcam.errors import StreamcamError

SIZE = (64, 48)


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        clips.write_clip(folder / name, 5, size=SIZE)
    return folder


@pytest.fixture
def settings(tiny_model):
    return Settings(
        model={"model": str(tiny_model), "weights": "imagenet", "labels": None, "preprocess": None, "trust": False},
        explain={"targets": ["top1"]},
    )


def test_an_input_that_vanishes_fails_alone(source, settings, tmp_path):
    out = tmp_path / "out"
    jobs, _ = plan([source], out)
    batch = Batch(jobs, Manifest(out, settings), settings)
    outcomes = {}
    for outcome in batch.run(Processes(settings, 1), lambda news: None):
        outcomes[outcome.job.source.name] = outcome
        (source / "c.mp4").unlink(missing_ok=True)
    assert {name: outcome.state for name, outcome in outcomes.items()} == {
        "a.mp4": "done",
        "b.mp4": "done",
        "c.mp4": "failed",
    }
    assert "c.mp4" in outcomes["c.mp4"].error


def test_an_input_that_changes_meanwhile_is_not_taken_for_done(source, settings, tmp_path):
    out = tmp_path / "out"
    jobs, _ = plan([source], out)
    batch = Batch(jobs, Manifest(out, settings), settings)
    changed = []

    def change(news):
        if not changed:
            changed.append(news.task.source)
            os.utime(news.task.source, (1, 1))

    assert {outcome.state for outcome in batch.run(Processes(settings, 1), change)} == {"done"}
    again = Batch(jobs, Manifest(out, settings), settings)
    assert [outcome.state for outcome in again.settled].count("skipped") == 2
    [other] = [outcome for outcome in again.settled if outcome.state == "failed"]
    assert other.job.source == changed[0]
    assert "of another" in other.error


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_names_that_are_no_text_or_too_long_harm_nobody(source, tiny_model, tmp_path):
    shutil.copy(source / "a.mp4", os.fsdecode(os.fsencode(source) + b"/caf\xe9.mp4"))
    shutil.copy(source / "a.mp4", source / f"{'x' * 249}.mp4")  # with .cam it is longer than names may be
    out = tmp_path / "out"
    done = call(source, "-o", out, "--records-dataset", tmp_path / "data", model=tiny_model, code=1)
    assert {"a.cam.mp4", "b.cam.mp4", "c.cam.mp4"} <= {path.name for path in out.iterdir()}
    assert "3 of 5 inputs done, 2 failed" in done.stderr
    assert "internal error" not in done.stderr


def test_a_photograph_and_a_film_of_one_name_have_records_of_their_own(source, tmp_path):
    (source / "a.jpg").touch()
    jobs, problems = plan([source], tmp_path / "out", records=tmp_path / "rec", report=tmp_path / "pages")
    assert not problems
    named = {job.source.name: (job.outputs.records.name, job.outputs.report.name) for job in jobs}
    assert named["a.jpg"] == ("a.jpg.jsonl", "a.jpg.html")
    assert named["a.mp4"] == ("a.mp4.jsonl", "a.mp4.html")
    assert named["b.mp4"] == ("b.jsonl", "b.html")


def test_results_of_an_input_with_part_in_its_name_stay(source, tiny_model, tmp_path):
    shutil.copy(source / "a.mp4", source / "a.part2.mp4")
    out = tmp_path / "out"
    call(source, "-o", out, "--records", out, model=tiny_model)
    (out / "b.part.jsonl").write_text("left by a run that was killed")
    before = bytes_of(out)
    (out / "a.cam.mp4").unlink()
    (out / "b.cam.mp4").unlink()
    call(source, "-o", out, "--records", out, "--overwrite", model=tiny_model)
    del before["b.part.jsonl"]
    assert bytes_of(out) == before


def test_what_is_wrong_with_the_model_is_said_once_and_no_files_fault(source, tiny_model, tmp_path):
    out = tmp_path / "out"
    for more in ([], ["--workers", "2"]):
        for wrong in (["--layer", "nosuch"], ["--target", "no such class"]):
            done = call(source, "-o", out, *wrong, *more, model=tiny_model, code=1)
            [line] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
            assert wrong[1] in line
    done = call(source, "-o", out, model=tiny_model)
    assert "3 of 3 inputs done, 0 failed" in done.stderr


def test_workers_that_cannot_begin_end_the_run(source, settings, tmp_path, monkeypatch):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "cv2.py").write_text("raise SystemExit(3)")
    monkeypatch.setenv("PYTHONPATH", str(broken))
    jobs, _ = plan([source], tmp_path / "out")
    batch = Batch(jobs, Manifest(tmp_path / "out", settings), settings)
    with pytest.raises(StreamcamError, match="3 worker processes ended before they could begin"):
        list(batch.run(Processes(settings, 2), lambda news: None))
    assert not list((tmp_path / "out" / ".streamcam").glob("*.json"))  # no file's fault


def test_lost_frames_are_tried_again_when_asked(source, tiny_model, tmp_path):
    out = tmp_path / "out"
    cut = clips.write_clip(source / "cut.mkv", 300, size=SIZE, noise=True)
    os.truncate(cut, cut.stat().st_size // 2)
    call(source, "-o", out, model=tiny_model, code=1)
    assert call(source, "-o", out, model=tiny_model, code=1).stdout == ""
    again = call(source, "-o", out, "--retry-failed", model=tiny_model, code=1)
    [line] = again.stdout.splitlines()
    assert line.startswith(f"{cut} -> {out / 'cut.cam.mkv'}")
    assert "3 of 4 inputs done, 1 failed, 3 of them done before" in again.stderr


def test_however_many_threads_the_bytes_are_the_same(source, tiny_model, tmp_path):
    for n in (1, 2, 4):
        call(source / "a.mp4", "-o", tmp_path / f"{n}.mp4", "--threads", n, model=tiny_model)
    assert len({(tmp_path / f"{n}.mp4").read_bytes() for n in (1, 2, 4)}) == 1


def test_shards_make_one_page_about_all_files(source, tiny_model, tmp_path):
    need_module("plotly", "draws the reports")
    (source / "bad.mp4").write_bytes(b"no film")
    out, pages = tmp_path / "out", tmp_path / "pages"
    for n in (1, 2):
        arguments = command(source, "-o", out, "--report", pages, "--shard", f"{n}/2", model=tiny_model)
        subprocess.run(arguments, capture_output=True, check=False, timeout=200)
    page = (pages / "index.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "4 files: 3 done, 1 failed" in page
    assert page.count("<figure>") == page.count("<img") == 3
    for link in re.findall(r'(?:href|src)="([^"]+)"', page):
        assert (pages / unquote(link)).exists(), link


def test_an_address_that_is_a_folder_is_told_from_a_cluster(source, tiny_model, tmp_path):
    done = call("--ray", source, source, "-o", tmp_path / "out", model=tiny_model, code=2)
    assert "takes an address" in done.stderr


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity")
def test_cores_that_a_scheduler_has_not_given_are_not_counted():
    code = "import os; os.sched_setaffinity(0, {0}); from streamcam.batch.workers import usable_cores as n; print(n())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == 1 <= usable_cores()
