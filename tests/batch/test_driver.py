"""Many files: real clips, real processes that are really killed, and what is left of them."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time

import psutil
import pytest
from makers import clips
from makers.runs import bytes_of, call, command, videos_in

from streamcam.batch.driver import Batch
from streamcam.batch.jobs import plan
from streamcam.batch.manifest import Manifest
from streamcam.batch.workers import WorkerProcesses

SIZE = (64, 48)


def test_all_that_can_be_done_is_and_the_rest_is_reported(originals, undisturbed):
    out, said = undisturbed
    assert len([name for name in bytes_of(out) if name.endswith(".cam.mp4")]) == 80
    assert (out / "3" / "003.cam.mp4").exists()  # the tree is kept
    assert "80 of 90 inputs done, 10 failed" in said
    rows = {line.split()[0]: line.split()[1:] for line in said.splitlines() if line.startswith(("done ", "failed "))}
    assert rows["done"][:3] == ["80", f"{40 * 6 + 40 * 9:,}", "0"]  # files, frames, frames lost
    assert rows["failed"] == ["10"]
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    assert len(errors) == 10
    for name in (originals / "broken").iterdir():
        assert sum(str(name) in line for line in errors) == 1, name
    assert not [name for name in bytes_of(out) if ".part" in name]


def test_a_second_run_does_nothing_quickly(originals, undisturbed, model):
    out, _ = undisturbed
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.cam.*")}
    done = call(originals, "-o", out, "--records", out, model=model, code=1)
    assert "80 of 90 inputs done, 10 failed, 80 of them done before" in done.stderr
    assert "--retry-failed" in done.stderr
    assert done.stdout == ""
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.cam.*")} == before


@pytest.mark.parametrize("workers", [2])
def test_killed_at_any_moment_and_begun_again_it_ends_with_the_same_bytes(
    originals, undisturbed, model, tmp_path, workers
):
    out = tmp_path / "out"
    arguments = command(originals, "-o", out, "--records", out, "--workers", workers, model=model)
    random_ = random.Random(7)
    for number in range(4):
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        finished = videos_in(out)
        wanted = finished + random_.randrange(2, 12)
        end = time.monotonic() + 100
        while process.poll() is None and videos_in(out) < wanted and time.monotonic() < end:
            time.sleep(random_.uniform(0.001, 0.05))
        assert process.poll() is None, "it was faster than its killer"
        workers_ = psutil.Process(process.pid).children()
        process.kill()
        process.wait()
        _, alive = psutil.wait_procs(workers_, timeout=20)
        assert not alive, f"workers outlive the one who started them ({number})"
    done = call(*arguments[4:-2], model=model, code=1)
    assert "80 of 90 inputs done, 10 failed" in done.stderr
    assert bytes_of(out) == bytes_of(undisturbed[0])


def test_two_runs_at_once_do_no_work_twice(originals, model, tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(originals / "0", source)
    running = [
        subprocess.Popen(
            command(source, "-o", out, model=model), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=300) for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    lines = [line.split(" -> ")[0] for output, _ in said for line in output.splitlines()]
    assert len(lines) == len(set(lines)) == len(list(source.iterdir()))
    assert len(list(out.glob("*.cam.mp4"))) == len(lines)
    assert not list(out.rglob("*.part*"))


def test_what_failed_is_tried_again_when_asked_and_what_changed_is_not_replaced_unasked(model, tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    good = clips.write_clip(source / "good.mp4", 5, size=SIZE)
    (source / "bad.mp4").write_bytes(b"no film")
    call(source, "-o", out, model=model, code=1)
    clips.write_clip(source / "bad.mp4", 5, size=SIZE)  # mended: it is another file now
    done = call(source, "-o", out, model=model)
    assert "2 of 2 inputs done, 0 failed, 1 of them done before" in done.stderr

    done = call(source, "-o", out, "--alpha", "0.9", model=model, code=1)
    assert done.stderr.count("made with other settings") == 1
    before = bytes_of(out)
    call(source, "-o", out, "--alpha", "0.9", "--overwrite", model=model)
    assert bytes_of(out) != before
    clips.write_clip(good, 7, size=SIZE)
    done = call(source, "-o", out, "--alpha", "0.9", model=model, code=1)
    assert "good.cam.mp4: was made of another good.mp4" in done.stderr

    (out / "bad.cam.mp4").unlink()  # somebody has lost a result
    done = call(source, "-o", out, "--alpha", "0.9", "--overwrite", model=model)
    assert len(clips.decoded(out / "good.cam.mp4")) == 7
    assert (out / "bad.cam.mp4").exists()


def test_a_failure_is_remembered_until_it_is_asked_for(model, tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    clips.write_clip(source / "good.mp4", 5, size=SIZE)
    (source / "bad.mp4").write_bytes(b"no film")
    first = call(source, "-o", out, model=model, code=1)
    second = call(source, "-o", out, model=model, code=1)
    assert "(before; --retry-failed tries again)" in second.stderr
    third = call(source, "-o", out, "--retry-failed", model=model, code=1)
    reasons = [next(line for line in run.stderr.splitlines() if "bad.mp4" in line) for run in (first, second, third)]
    assert reasons[0] == reasons[2] == reasons[1].removesuffix(" (before; --retry-failed tries again)")


def test_frames_that_are_lost_are_told_again_when_nothing_is_done(model, tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    cut = clips.write_clip(source / "cut.mkv", 300, size=SIZE, noise=True)
    os.truncate(cut, cut.stat().st_size // 2)
    clips.write_clip(source / "good.mp4", 5, size=SIZE)
    first, second = (call(source, "-o", out, model=model, code=1) for _ in range(2))
    assert "1 of 2 inputs done, 1 failed" in second.stderr
    assert second.stdout == ""
    [loss] = [line for line in first.stderr.splitlines() if "cannot be read" in line]
    assert loss in second.stderr.splitlines()


def test_an_input_that_vanishes_fails_alone(source, settings, tmp_path):
    out = tmp_path / "out"
    jobs = plan([source], out).jobs
    batch = Batch(jobs, Manifest(out, settings), settings)
    outcomes = {}
    for outcome in batch.run(WorkerProcesses(settings, 1), lambda progress: None):
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
    jobs = plan([source], out).jobs
    batch = Batch(jobs, Manifest(out, settings), settings)
    changed = []

    def change(news):
        if not changed:
            changed.append(news.task.source)
            os.utime(news.task.source, (1, 1))

    assert {outcome.state for outcome in batch.run(WorkerProcesses(settings, 1), change)} == {"done"}
    again = Batch(jobs, Manifest(out, settings), settings)
    assert [outcome.state for outcome in again.settled].count("skipped") == 2
    [other] = [outcome for outcome in again.settled if outcome.state == "failed"]
    assert other.job.source == changed[0]
    assert "of another" in other.error


def test_what_is_wrong_with_the_model_is_said_once_and_no_files_fault(source, tiny_model, tmp_path):
    out = tmp_path / "out"
    in_workers = ["--workers", "2"]
    for wrong in (
        ["--target", "no such class"],
        ["--target", "no such class", *in_workers],
        ["--layer", "nosuch", *in_workers],
    ):
        done = call(source, "-o", out, *wrong, model=tiny_model, code=2)
        [line] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert wrong[1] in line
    done = call(source, "-o", out, model=tiny_model)
    assert "3 of 3 inputs done, 0 failed" in done.stderr


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
