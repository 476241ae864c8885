"""One task: what it leaves, and what it leaves alone."""

from __future__ import annotations

import shutil

from makers.runs import bytes_of, call


def test_results_of_an_input_with_part_in_its_name_stay(source, tiny_model, tmp_path):
    shutil.copy(source / "a.mp4", source / "a.part2.mp4")
    out = tmp_path / "out"
    call(source, "-o", out, "--records", out, model=tiny_model)
    with (out / "b.jsonl").open() as lines:
        (out / "b.part.jsonl").write_text(next(lines))  # left by a run that was killed
    (out / "c.part.jsonl").write_text("somebody's notes")
    before = bytes_of(out)
    (out / "a.cam.mp4").unlink()
    (out / "b.cam.mp4").unlink()
    call(source, "-o", out, "--records", out, "--overwrite", model=tiny_model)
    del before["b.part.jsonl"]
    assert bytes_of(out) == before


def test_however_many_threads_the_bytes_are_the_same(source, tiny_model, tmp_path):
    for n in (1, 2, 4):
        call(source / "a.mp4", "-o", tmp_path / f"{n}.mp4", "--threads", n, model=tiny_model)
    assert len({(tmp_path / f"{n}.mp4").read_bytes() for n in (1, 2, 4)}) == 1
