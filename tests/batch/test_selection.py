"""Which files are taken, and what is said of a run for programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from makers import clips
from makers.runs import streamcam

from streamcam import Selection, annotate_all
from streamcam.batch.selection import listed_in, since_of
from streamcam.errors import OptionError, SourceError


def names(inputs, out, settings, **chosen):
    run = annotate_all(inputs, out, settings=settings, selection=Selection(**chosen))
    return {outcome.source.rpartition("/")[2]: outcome.state for outcome in run}


def test_files_are_chosen_by_name_by_time_and_by_number(source, settings, tmp_path):
    out = tmp_path / "out"
    os.utime(source / "a.mp4", (1000, 1000))
    assert names(source, out, settings, match=("b*", "*/c.mp4")) == {"b.mp4": "done", "c.mp4": "done"}
    assert names(source, tmp_path / "new", settings, since=2000) == {"b.mp4": "done", "c.mp4": "done"}
    assert names(source, out, settings, match=("nothing",)) == {}
    for expected in ("a.mp4", "b.mp4", "c.mp4"):  # each run does the next one
        found = names(source, tmp_path / "few", settings, limit=1)
        assert [name for name, state in found.items() if state == "done"] == [expected]
    assert set(names(source, tmp_path / "few", settings, limit=1).values()) == {"skipped"}


def test_times_as_people_write_them():
    now = 1_700_000_000.0
    assert since_of("12h", now) == now - 12 * 3600
    assert since_of("1.5d", now) == now - 1.5 * 86_400
    assert since_of("2026-11-27") == time.mktime((2026, 11, 27, 0, 0, 0, 0, 0, -1))
    assert since_of("2026-11-27 18:30") == time.mktime((2026, 11, 27, 18, 30, 0, 0, 0, -1))
    for wrong in ("yesterday", "", "12", "7x", "2026-13-01"):
        with pytest.raises(OptionError, match="write a day"):
            since_of(wrong)


def test_lists_have_comments_and_must_hold_something():
    assert listed_in("# mine\n a.mp4 \n\ns3://b/c d.mp4\n", "list") == ["a.mp4", "s3://b/c d.mp4"]
    with pytest.raises(SourceError, match="list: lists no input"):
        listed_in("# nothing\n", "list")


def test_the_command_takes_a_list_and_writes_a_summary(source, tiny_model, tmp_path):
    (tmp_path / "list.txt").write_text(f"{source}/a.mp4\n{source}/b.mp4\n{source}/gone.mp4\n")
    options = ("-o", "out", "-m", tiny_model, "--summary", "said/run.json")
    done = streamcam("annotate", "--from-file", "list.txt", *options, cwd=tmp_path)
    assert done.returncode == 1
    said = json.loads((tmp_path / "said" / "run.json").read_text())
    assert (said["total"], said["done"], said["failed"], said["refused"]) == (3, 2, 1, 0)
    states = {one["source"].rpartition("/")[2]: one for one in said["files"]}
    assert states["a.mp4"]["state"] == "done"
    assert states["a.mp4"]["output"].endswith("a.cam.mp4")
    assert "no such file" in states["gone.mp4"]["error"]
    refused = streamcam("annotate", "--from-file", "list.txt", *options, cwd=tmp_path)
    assert (refused.returncode, "run.json: exists already" in refused.stderr) == (1, True)
    command = [sys.executable, "-m", "streamcam", "annotate", "--from-file", "-", "-o", "out", "-m", str(tiny_model)]
    piped = subprocess.run(
        command, input=f"{source}/c.mp4\n", capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert piped.returncode == 0, piped.stderr
    assert (tmp_path / "out" / "c.cam.mp4").exists()
    wrong = streamcam("annotate", source, "-o", "out", "--since", "soon", cwd=tmp_path)
    assert (wrong.returncode, wrong.stderr.startswith("error: --since soon: write a day")) == (2, True)
    (tmp_path / "empty.txt").write_text("")
    assert "empty.txt: lists no input" in streamcam("annotate", "--from-file", "empty.txt", cwd=tmp_path).stderr


def test_a_limit_counts_what_is_to_be_done(tmp_path, settings):
    source = tmp_path / "in"
    source.mkdir()
    for number in range(3):
        clips.write_clip(source / f"{number}.mp4", 3)
    (source / "1.mp4").write_bytes(b"no film")
    run = annotate_all(source, tmp_path / "out", settings=settings, selection=Selection(limit=2))
    assert (run.total, run.to_do) == (2, 2)
    assert [outcome.state for outcome in run] == ["done", "failed"]
