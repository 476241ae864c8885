"""Which file goes where."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from makers.runs import call

from streamcam.batch.jobs import plan
from streamcam.errors import OptionError


def test_a_photograph_and_a_film_of_one_name_have_records_of_their_own(source, tmp_path):
    (source / "a.jpg").touch()
    work = plan([source], tmp_path / "out", records=tmp_path / "rec", report=tmp_path / "pages")
    assert not work.problems
    named = {job.source.name: (job.outputs.records.name, job.outputs.report.name) for job in work.jobs}
    assert named["a.jpg"] == ("a.jpg.jsonl", "a.jpg.html")
    assert named["a.mp4"] == ("a.mp4.jsonl", "a.mp4.html")
    assert named["b.mp4"] == ("b.jsonl", "b.html")


@pytest.mark.parametrize("output", ["a.mp4", "./a.mp4", "new/../a.mp4", "linked/a.mp4", "hard.mp4"])
def test_an_output_that_is_the_input_is_refused_however_it_is_written(source, output, monkeypatch):
    monkeypatch.chdir(source)
    if hasattr(os, "symlink"):
        Path("linked").symlink_to(".")
    os.link("a.mp4", "hard.mp4")
    work = plan(["a.mp4"], Path(output))
    assert not work.jobs
    [problem] = work.problems
    assert str(problem.error) == f"{Path(output)}: is the input itself; name another output with -o"


def test_an_output_that_another_input_is_or_the_model_is_refused(source):
    (source / "a.cam.mp4").write_bytes((source / "b.mp4").read_bytes())  # a stranger's, in spite of its name
    strangers = {"is_result": lambda path: False}
    work = plan([source / "a.mp4", source / "a.cam.mp4"], **strangers)
    assert [job.source.name for job in work.jobs] == ["a.cam.mp4"]
    assert [str(problem.error) for problem in work.problems] == [
        f"{source / 'a.cam.mp4'}: is an input, too; name another output with -o"
    ]
    mask = source / "mask.png"
    mask.touch()
    work = plan([source / "a.mp4"], source / "deep" / ".." / "mask.png", read_besides=[mask])
    assert str(work.problems[0].error).endswith(f"mask.png: is an input, too, {mask}; name another output with -o")
    work = plan([source / "a.mp4"], source / "o.mp4", records=source / "b.mp4", read_besides=[source / "b.mp4"])
    assert "b.mp4: is an input, too" in str(work.problems[0].error)


def test_no_two_results_are_one_file_however_they_are_written(source, tmp_path):
    with pytest.raises(OptionError, match="wanted for two different results"):
        plan([source / "a.mp4"], tmp_path / "o.mp4", records=tmp_path / "new" / ".." / "o.mp4")
    twice = plan([source / "a.mp4", source / ".." / "in" / "a.mp4", source], tmp_path / "out")
    assert [job.source.name for job in twice.jobs] == ["a.mp4", "b.mp4", "c.mp4"]
    alike = plan([source / "a.mp4", source / "b.mp4"], tmp_path / "out", place_of=lambda path: path.name[1:])
    assert len({job.outputs.media for job in alike.jobs}) == 2  # as if all names were one


def test_results_that_are_named_are_left_out_and_said(source):
    results = {"is_result": lambda path: path.name in ("b.mp4", "c.mp4")}
    work = plan([source / "a.mp4", source / "b.mp4"], **results)
    assert [job.source.name for job in work.jobs] == ["a.mp4"]
    [left_out] = work.left_out
    assert (str(left_out), left_out.is_news) == (f"{source / 'b.mp4'}: left out: made by streamcam", True)
    work = plan([source / "b.mp4", source / "c.mp4"], **results)
    assert [str(problem.error)[-61:] for problem in work.problems] == [
        f"{name}: was made by streamcam; give the file that it was made of"[-61:] for name in ("b.mp4", "c.mp4")
    ]


@pytest.mark.parametrize("length", [247, 250, 300])
def test_a_name_that_is_too_long_is_one_clear_line(source, tiny_model, tmp_path, length):
    name = source / f"{'x' * (length - 4)}.mp4"
    if length < 255:
        shutil.copy(source / "a.mp4", name)
    done = call(name, model=tiny_model, code=1)
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "File name too long" in line
    assert "internal" not in line
    assert len(list(source.iterdir())) == 3 + (length < 255)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_names_that_are_no_text_or_too_long_harm_nobody(source, tiny_model, tmp_path):
    shutil.copy(source / "a.mp4", os.fsdecode(os.fsencode(source) + b"/caf\xe9.mp4"))
    shutil.copy(source / "a.mp4", source / f"{'x' * 249}.mp4")  # with .cam it is longer than names may be
    out = tmp_path / "out"
    done = call(source, "-o", out, "--records-dataset", tmp_path / "data", model=tiny_model, code=1)
    assert {"a.cam.mp4", "b.cam.mp4", "c.cam.mp4"} <= {path.name for path in out.iterdir()}
    assert "3 of 5 inputs done, 2 failed" in done.stderr
    assert "internal error" not in done.stderr
