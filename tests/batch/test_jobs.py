"""Which file goes where."""

from __future__ import annotations

import os
import shutil
import sys

import pytest
from makers.runs import call

from streamcam.batch.jobs import plan


def test_a_photograph_and_a_film_of_one_name_have_records_of_their_own(source, tmp_path):
    (source / "a.jpg").touch()
    jobs, problems = plan([source], tmp_path / "out", records=tmp_path / "rec", report=tmp_path / "pages")
    assert not problems
    named = {job.source.name: (job.outputs.records.name, job.outputs.report.name) for job in jobs}
    assert named["a.jpg"] == ("a.jpg.jsonl", "a.jpg.html")
    assert named["a.mp4"] == ("a.mp4.jsonl", "a.mp4.html")
    assert named["b.mp4"] == ("b.jsonl", "b.html")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_names_that_are_no_text_or_too_long_harm_nobody(source, tiny_model, tmp_path):
    shutil.copy(source / "a.mp4", os.fsdecode(os.fsencode(source) + b"/caf\xe9.mp4"))
    shutil.copy(source / "a.mp4", source / f"{'x' * 249}.mp4")  # with .cam it is longer than names may be
    out = tmp_path / "out"
    done = call(source, "-o", out, "--records-dataset", tmp_path / "data", model=tiny_model, code=1)
    assert {"a.cam.mp4", "b.cam.mp4", "c.cam.mp4"} <= {path.name for path in out.iterdir()}
    assert "3 of 5 inputs done, 2 failed" in done.stderr
    assert "internal error" not in done.stderr
