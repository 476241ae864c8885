"""What becomes of results that were added to, deleted, cut short, touched or replaced, and of changed settings."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from makers import clips
from makers.needs import need_module

from streamcam import annotate_all
from streamcam.batch.combinations import shard_of
from streamcam.batch.jobs import plan
from streamcam.settings import PictureSettings
from streamcam.sinks import partial


def outcomes(inputs, out, settings, **more):
    run = annotate_all(inputs, out, settings=settings, **more)
    return {outcome.source.rpartition("/")[2]: outcome for outcome in run}


def states(inputs, out, settings, **more):
    return {name: outcome.state for name, outcome in outcomes(inputs, out, settings, **more).items()}


@pytest.fixture
def done(source, settings, tmp_path):
    """Three finished results."""
    out = tmp_path / "out"
    assert set(states(source, out, settings).values()) == {"done"}
    return out


def test_more_outputs_are_made_and_what_is_there_stays(source, settings, done, tmp_path):
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in done.glob("*.mp4")}
    found = outcomes(source, done, settings, records=done)
    assert {one.state for one in found.values()} == {"done"}
    assert found["a.mp4"].again == "a.jsonl is not there yet"
    assert sorted(path.name for path in done.glob("*.jsonl")) == ["a.jsonl", "b.jsonl", "c.jsonl"]
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in done.glob("*.mp4")} == before
    assert set(states(source, done, settings, records=done).values()) == {"skipped"}
    assert set(states(source, done, settings).values()) == {"skipped"}  # less is wanted


def test_a_result_that_is_gone_is_made_again_whatever_else_is_there(source, settings, done):
    need_module("plotly", "draws the reports")
    assert set(states(source, done, settings, report=done).values()) == {"done"}
    made = (done / "a.cam.mp4").read_bytes()
    (done / "a.cam.mp4").unlink()
    found = outcomes(source, done, settings, report=done)
    assert (found["a.mp4"].state, found["a.mp4"].again) == ("done", "a.cam.mp4 is gone")
    assert (found["b.mp4"].state, found["c.mp4"].state) == ("skipped", "skipped")
    assert (done / "a.cam.mp4").read_bytes() == made


@pytest.mark.parametrize("left", [0, 70, 3000, -1])
def test_what_was_cut_short_is_made_again(source, settings, done, left):
    path = done / "b.cam.mp4"
    made = path.read_bytes()
    path.write_bytes(made[:left])
    found = outcomes(source, done, settings)
    assert (found["b.mp4"].state, found["b.mp4"].again) == ("done", "b.cam.mp4 was cut short")
    assert path.read_bytes() == made


def test_a_strangers_file_is_named_and_never_touched_unasked(source, settings, done):
    path = done / "c.cam.mp4"
    for theirs in (b"mine", path.read_bytes() + b"more", b"x" * (path.stat().st_size - 1)):
        path.write_bytes(theirs)
        found = outcomes(source, done, settings)
        assert (found["c.mp4"].state, "c.cam.mp4: exists already" in found["c.mp4"].error) == ("failed", True)
        assert path.read_bytes() == theirs
        path.unlink()
        assert states(source, done, settings, retry_failed=True)["c.mp4"] == "done"
    path.write_bytes(b"mine")
    assert states(source, done, settings, overwrite=True)["c.mp4"] == "done"
    assert len(clips.decoded(path)) > 1


def test_other_content_of_the_same_size_is_found_by_repair(source, settings, done):
    path = done / "a.cam.mp4"
    made = path.read_bytes()
    os.utime(path, (0, 0))  # touched
    assert states(source, done, settings, repair=True)["a.mp4"] == "skipped"
    path.write_bytes(bytes(len(made)))
    assert states(source, done, settings)["a.mp4"] == "skipped"
    found = outcomes(source, done, settings, repair=True)
    assert (found["a.mp4"].state, "holds something else than what was made" in found["a.mp4"].error) == ("failed", True)
    assert path.read_bytes() == bytes(len(made))
    assert states(source, done, settings, repair=True, overwrite=True)["a.mp4"] == "done"
    assert path.read_bytes() == made


def test_other_settings_are_refused_once_and_nothing_is_put_beside(source, settings, done):
    need_module("plotly", "draws the reports")
    list(annotate_all(source, done, settings=settings, report=done))
    clips.write_clip(source / "new.mp4", 4)
    before = {path: path.read_bytes() for path in done.rglob("*") if path.is_file() and ".streamcam" not in path.parts}
    run = annotate_all(source, done, settings=replace(settings, picture=PictureSettings(alpha=0.9)), report=done)
    found = list(run)
    assert [one.state for one in found] == ["refused"] * 3
    assert (run.summary.failed, run.summary.refused, run.summary.not_begun) == (0, 3, 1)
    after = {path: path.read_bytes() for path in done.rglob("*") if path.is_file() and ".streamcam" not in path.parts}
    assert after == before
    assert states(source, done, settings, report=done)["new.mp4"] == "done"


def test_the_command_says_it_once(source, tiny_model, tmp_path):
    from makers.runs import streamcam

    assert streamcam("annotate", source, "-o", "out", "-m", tiny_model, cwd=tmp_path).returncode == 0
    again = streamcam("annotate", source, "-o", "out", "-m", tiny_model, "--alpha", "0.9", cwd=tmp_path)
    assert again.returncode == 1
    [line] = [line for line in again.stderr.splitlines() if line.startswith("error: ")]
    assert "out: holds 3 results made with other settings, and nothing was done; --overwrite" in line
    planned = streamcam("annotate", source, "-o", "out", "-m", tiny_model, "--alpha", "0.9", "--dry-run", cwd=tmp_path)
    assert (planned.returncode, planned.stderr.count("made with other settings")) == (1, 1)


def test_a_name_once_given_stays(tmp_path, settings):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    clips.write_clip(source / "clip.mp4", 4)
    assert states(source, out, settings) == {"clip.mp4": "done"}
    shutil.copy(clips.write_clip(tmp_path / "other.mp4", 5), source / "clip.avi")
    assert states(source, out, settings) == {"clip.avi": "done", "clip.mp4": "skipped"}
    assert sorted(path.name for path in out.glob("*.cam.*")) == ["clip.avi.cam.mp4", "clip.cam.mp4"]
    (source / "clip.mp4").unlink()
    assert states(source, out, settings) == {"clip.avi": "skipped"}


def test_one_file_with_a_folder_for_its_result_is_remembered(source, settings, tmp_path):
    one, out = source / "a.mp4", tmp_path / "results"
    assert states(one, out, settings) == {"a.mp4": "done"}
    assert states(one, out, settings) == {"a.mp4": "skipped"}
    assert states(source, out, settings)["a.mp4"] == "skipped"


def test_an_entry_of_another_shape_is_that_files_problem_alone(source, settings, done):
    entries = sorted((done / ".streamcam").glob("*.json"))
    assert len(entries) == 3
    for text in (
        "[]",
        "null",
        '{"source": 5}',
        '{"source": "a", "key": "b", "state": "done", "outputs": {"x": "y"}}',
        "{",
    ):
        entries[0].write_text(text)
        found = states(source, done, settings)
        assert sorted(found.values()) == [
            "failed",
            "skipped",
            "skipped",
        ]  # a result that nobody speaks of is a stranger's
    assert set(states(source, done, settings, overwrite=True).values()) <= {"done", "skipped"}


def test_shards_are_cut_by_name_so_that_new_files_shift_no_others(tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(40):
        (source / f"{number:03d}.mp4").write_bytes(b"?")
    before = {job.source.name: shard_of(job, out, 4) for job in plan([source], out).jobs}
    for number in range(0, 40, 3):
        (source / f"{number:03d}-later.mp4").write_bytes(b"?")
    after = {job.source.name: shard_of(job, out, 4) for job in plan([source], out).jobs}
    assert {name: after[name] for name in before} == before
    assert set(before.values()) == {0, 1, 2, 3}
    moved = {
        job.source.name: shard_of(job, tmp_path / "elsewhere", 4) for job in plan([source], tmp_path / "elsewhere").jobs
    }
    assert moved == after  # wherever the folder is mounted


class Disk:
    """What is on the disk after a power cut: of all that was done, what was synced."""

    def __init__(self, monkeypatch):
        self.files: dict[str, bytes] = {}  # by path: content that is safe
        self.names: dict[str, str] = {}  # what a safe name leads to, by path: whose content
        self.pending: dict[str, dict[str, str]] = {}  # by folder: renames that are not safe yet
        self.moments: list[dict[str, bytes]] = []
        real_sync, real_replace = partial._sync, Path.replace

        def sync(path, flags):
            real_sync(path, flags)
            path = Path(path)
            if path.is_dir():
                for new, data in self.pending.pop(str(path), {}).items():
                    self.files[new] = data
            else:
                self.files[str(path)] = path.read_bytes()
            self.moments.append(dict(self.files))

        def fsync(descriptor):
            real_fsync(descriptor)
            path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
            if Path(path).is_file():
                self.files[path] = Path(path).read_bytes()
                self.moments.append(dict(self.files))

        def moved(self_, target):
            data = self.files.pop(str(self_), None)
            if data is not None:
                self.pending.setdefault(str(Path(target).parent), {})[str(target)] = data
            return real_replace(self_, target)

        real_fsync = os.fsync
        monkeypatch.setattr(partial, "_sync", sync)
        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(Path, "replace", moved)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="tells which file a descriptor is")
def test_after_a_power_cut_no_note_speaks_of_what_is_not_there(source, settings, tmp_path, monkeypatch):
    """All that was not synced is dropped, at every moment at which something was."""
    out, disk = tmp_path / "out", Disk(monkeypatch)
    assert set(states(source, out, settings, records=out, heatmaps=out).values()) == {"done"}
    notes = 0
    for moment in disk.moments:
        for path, data in moment.items():
            if ".streamcam" in path and path.endswith(".json"):
                entry = json.loads(data)
                notes += entry["state"] == "done"
                for name, size in entry["outputs"].items():
                    assert len(moment.get(str(out / name), b"")) == size, (name, path)
    assert notes >= 3
    assert {name for path in disk.files if (name := Path(path).name).startswith("a.")} >= {
        "a.cam.mp4",
        "a.jsonl",
        "a.h5",
    }
