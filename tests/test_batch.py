"""Many files: real clips, real processes that are really killed, and what is left of them."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
from makers import clips
from makers.needs import need_module
from makers.runs import bytes_of, call, command

from streamcam.batch.jobs import plan
from streamcam.batch.manifest import Manifest
from streamcam.batch.settings import Settings

SIZE = (64, 48)


@pytest.fixture(scope="module")
def model(tiny_model):
    return tiny_model


@pytest.fixture(scope="module")
def originals(shared):
    """200 clips in a tree, ten of them broken, each in another way."""
    return shared("originals", make_originals) / "in"


def make_originals(folder):
    clip = clips.write_clip(folder / "clip.mp4", 6, size=SIZE)
    other = clips.write_clip(folder / "other.mp4", 9, size=SIZE, audio="aac")
    whole = clip.read_bytes()
    root = folder / "in"
    for number in range(190):
        place = root / f"{number % 7}" / f"{number:03d}.mp4"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(other if number % 2 else clip, place)
    broken = root / "broken"
    broken.mkdir()
    (broken / "empty.mp4").write_bytes(b"")
    (broken / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (broken / "noise.mp4").write_bytes(random.Random(1).randbytes(5000))
    (broken / "text.mov").write_text("this is no film")
    (broken / "picture.mkv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (broken / "header.avi").write_bytes(b"RIFF\x00\x00\x00\x00AVI LIST")
    (broken / "zeros.webm").write_bytes(bytes(4096))
    (broken / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with av.open(str(broken / "sound.mp4"), "w") as container:
        sound = container.add_stream("aac", rate=48_000, layout="stereo")
        for start in range(0, 4096, 1024):
            silence = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
            silence.sample_rate, silence.pts = 48_000, start
            container.mux(sound.encode(silence))
        container.mux(sound.encode(None))
    damaged = bytearray(whole)
    at = damaged.index(b"mdat") + 4
    damaged[at : at + 800] = bytes(800)
    (broken / "damaged.mp4").write_bytes(bytes(damaged))


@pytest.fixture(scope="module")
def undisturbed(originals, model, shared):
    """The results of one run in one process, and what it said."""

    def run(folder):
        done = call(originals, "-o", folder / "out", "--records", folder / "out", model=model, code=1)
        (folder / "said").write_text(done.stderr)

    folder = shared("undisturbed", run)
    return folder / "out", (folder / "said").read_text()


def test_all_that_can_be_done_is_and_the_rest_is_reported(originals, undisturbed):
    out, said = undisturbed
    assert len([name for name in bytes_of(out) if name.endswith(".cam.mp4")]) == 190
    assert (out / "3" / "003.cam.mp4").exists()  # the tree is kept
    assert "190 of 200 inputs done, 10 failed" in said
    rows = {line.split()[0]: line.split()[1:] for line in said.splitlines() if line.startswith(("done ", "failed "))}
    assert rows["done"][:3] == ["190", f"{95 * 6 + 95 * 9:,}", "0"]  # files, frames, frames lost
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
    assert "190 of 200 inputs done, 10 failed, 190 of them done before" in done.stderr
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
    for number in range(5):
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        finished = len(list(out.rglob("*.cam.mp4")))
        wanted = finished + random_.randrange(2, 25)
        end = time.monotonic() + 100
        while process.poll() is None and len(list(out.rglob("*.cam.mp4"))) < wanted and time.monotonic() < end:
            time.sleep(random_.uniform(0.001, 0.05))
        assert process.poll() is None, "it was faster than its killer"
        workers_ = psutil.Process(process.pid).children()
        process.kill()
        process.wait()
        _, alive = psutil.wait_procs(workers_, timeout=20)
        assert not alive, f"workers outlive the one who started them ({number})"
    done = call(*arguments[4:-2], model=model, code=1)
    assert "190 of 200 inputs done, 10 failed" in done.stderr
    assert bytes_of(out) == bytes_of(undisturbed[0])


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
    assert done.stderr.count("was made with other settings") == 2
    before = bytes_of(out)
    call(source, "-o", out, "--alpha", "0.9", "--overwrite", model=model)
    assert bytes_of(out) != before
    clips.write_clip(good, 7, size=SIZE)
    done = call(source, "-o", out, "--alpha", "0.9", model=model, code=1)
    assert "good.cam.mp4: was made with other settings or of another good.mp4" in done.stderr

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


def test_a_worker_that_dies_takes_only_its_task_with_it(originals, model, tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(originals / "1", source)
    long_clip = clips.write_clip(source / "000.mp4", 4000, size=SIZE)
    process = subprocess.Popen(
        command(source, "-o", out, "--workers", 2, model=model),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    part = out / "000.cam.part.mp4"
    end = time.monotonic() + 100
    killed = None
    while not killed:
        assert time.monotonic() < end
        for worker in psutil.Process(process.pid).children():
            if part.exists() and any(Path(file.path).name == part.name for file in worker.open_files()):
                worker.kill()
                killed = worker
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    assert len(clips.decoded(out / "000.cam.mp4")) == 4000
    assert len(list(out.glob("*.cam.mp4"))) == len(list(source.iterdir()))
    assert not list(out.rglob("*.part*"))
    assert long_clip.exists()


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C of another process is POSIX' alone")
def test_an_interrupt_ends_all_workers_and_the_same_command_goes_on(originals, model, tmp_path):
    out = tmp_path / "out"
    arguments = command(originals, "-o", out, "--workers", 2, model=model)
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 100
    while len(list(out.rglob("*.cam.mp4"))) < 5:
        assert time.monotonic() < end
        time.sleep(0.05)
    workers = psutil.Process(process.pid).children()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on where it ended" in stderr
    counted = re.search(r"^(\d+) of 200 inputs done, (\d+) failed, (\d+) not begun", stderr, re.MULTILINE)
    done, failed, left = map(int, counted.groups())
    assert done >= 5
    assert done + failed + left == 200
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive


def test_one_page_about_all_of_them_failures_first(originals, model, tmp_path):
    need_module("plotly", "draws the reports")
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(originals / "2", source / "a b")
    shutil.copy(originals / "broken" / "noise.mp4", source)
    call(source, "-o", out, "--report", tmp_path / "pages", "--workers", 2, model=model, code=1)
    page = (tmp_path / "pages" / "index.html").read_text()
    assert page.index("noise.mp4") < page.index("002.mp4")
    count = len(list((source / "a b").iterdir()))
    assert page.count("<figure>") == count
    assert len(list((tmp_path / "pages" / "thumbnails").glob("*.jpg"))) == count
    from urllib.parse import unquote

    for link in re.findall(r'(?:href|src)="([^"]+)"', page):
        assert (tmp_path / "pages" / unquote(link)).exists(), link


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


def test_the_key_changes_with_all_that_shapes_a_result_and_with_nothing_else(model, tmp_path):
    clip = clips.write_clip(tmp_path / "clip.mp4", 3, size=SIZE)
    model = Path(shutil.copy(model, tmp_path))
    (tmp_path / "second").mkdir()
    shutil.copy(clip, tmp_path / "second" / "other.mp4")
    [job, *_], _ = plan([clip, tmp_path / "second"], tmp_path / "out")
    base = {"model": {"model": str(model), "labels": None}, "explain": {"targets": ["top1"], "threads": 0}}

    def key(**changes):
        return Manifest(tmp_path / "out", Settings(**(base | changes))).key(job)

    usual = key()
    assert key() == usual
    assert key(explain=base["explain"] | {"threads": 7}) == usual
    assert key(cache=False) == usual
    assert key(every=2) != usual
    assert key(overlay={"alpha": 0.3}) != usual
    assert key(explain={"targets": ["top2"], "threads": 0}) != usual
    labels = tmp_path / "labels.txt"
    labels.write_text("a\nb\n")
    named = key(model=base["model"] | {"labels": str(labels)})
    assert named != usual
    labels.write_text("a\nc\n")
    assert key(model=base["model"] | {"labels": str(labels)}) != named
    model.touch()
    assert key() != usual
    before = key()
    clips.write_clip(clip, 4, size=SIZE)
    assert key() != before


@pytest.mark.parametrize("wrong", ["0/3", "4/3", "x", "1/0", "1", "-1/2"])
def test_a_shard_that_is_none_is_refused(sample, wrong):
    done = subprocess.run(
        [sys.executable, "-m", "streamcam", "annotate", str(sample), "--shard", wrong],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "1/4" in done.stderr


def test_a_cluster_that_loses_an_actor_a_process_and_a_node_loses_no_file(model, tmp_path):
    need_module("ray", "is the cluster")
    source = tmp_path / "in"
    source.mkdir()
    clip = clips.write_clip(source / "00.mp4", 400, size=SIZE)
    for number in range(1, 24):
        shutil.copy(clip, source / f"{number:02d}.mp4")
    script = Path(__file__).parent / "makers" / "ray_faults.py"
    done = subprocess.run(
        [sys.executable, str(script), str(source), str(tmp_path / "out"), str(model)],
        capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    [said] = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]  # Ray writes there too
    assert said["faults"] == ["actor killed", "process killed", "node removed"]
    assert sorted(name for name, *_ in said["outcomes"]) == sorted(str(path) for path in source.iterdir())
    assert {state for _, state, _ in said["outcomes"]} == {"done"}
    [alone] = [tmp_path / "alone.cam.mp4"]
    call(clip, "-o", alone, model=model)
    results = bytes_of(tmp_path / "out")
    assert len(results) == 24
    assert set(results.values()) == {hashlib.sha256(alone.read_bytes()).hexdigest()}


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
