"""What may be replaced unasked: what streamcam itself has left, and nothing else."""

from __future__ import annotations

import json
import shutil

import pytest
from makers import clips

from streamcam import annotate_all
from streamcam.batch.jobs import plan
from streamcam.batch.manifest import Manifest
from streamcam.errors import StreamcamError


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def states(inputs, out, settings, **more):
    return {
        outcome.source.rpartition("/")[2]: outcome for outcome in annotate_all(inputs, out, settings=settings, **more)
    }


def test_a_file_that_is_put_where_a_try_has_failed_stays(source, settings, out):
    (source / "b.mp4").write_bytes(b"no film")
    assert states(source, out, settings)["b.mp4"].state == "failed"
    (out / "b.cam.mp4").write_text("mine")
    clips.write_clip(source / "b.mp4", 4)  # mended
    for more in ({}, {"retry_failed": True}, {"workers": 2}):
        outcome = states(source, out, settings, **more)["b.mp4"]
        assert (outcome.state, "exists already" in outcome.error) == ("failed", True)
        assert (out / "b.cam.mp4").read_text() == "mine"
    assert states(source, out, settings, overwrite=True)["b.mp4"].state == "done"
    assert len(clips.decoded(out / "b.cam.mp4")) == 4


def test_what_a_run_that_was_killed_has_left_is_made_again_and_a_strangers_file_is_not(source, settings, out):
    states(source, out, settings)
    made = {name: (out / name).read_bytes() for name in ("a.cam.mp4", "b.cam.mp4")}
    manifest = Manifest(out, settings)
    for job in plan([source], out).jobs[:2]:  # as if the power had gone before it was noted
        manifest.path(job).unlink()
        manifest.begin(job)
    (out / "b.cam.mp4").write_text("mine")
    outcomes = states(source, out, settings)
    assert [outcomes[name].state for name in ("a.mp4", "b.mp4", "c.mp4")] == ["done", "failed", "skipped"]
    assert (out / "a.cam.mp4").read_bytes() == made["a.cam.mp4"]
    assert (out / "b.cam.mp4").read_text() == "mine"


def test_a_result_is_known_by_its_digest_too(source, settings, out, tmp_path):
    states(source, out, settings)
    job = plan([source], out).jobs[0]
    manifest = Manifest(out, settings)
    entry = manifest.entry(job)
    media = job.outputs.media
    assert manifest.was_made(media, media, entry)
    size = media.stat().st_size
    media.write_bytes(bytes(size))
    assert not manifest.was_made(media, media, entry)
    assert not manifest.was_made(tmp_path / "gone", media, entry)


def test_parts_that_lay_there_before_are_not_removed(source, settings, out):
    out.mkdir()
    (out / "a.cam.part.mp4").write_text("mine")
    (out / "b.cam.part.mp4").write_text("mine, too")
    job, other, _ = plan([source], out).jobs
    manifest = Manifest(out, settings)
    manifest.begin(job)
    (out / "a.cam.part2.mp4").write_bytes(b"cut off")  # by a run that was killed
    assert [path.name for path in manifest.parts_left(job)] == ["a.cam.part2.mp4"]
    manifest.begin(job)  # the next run
    assert [path.name for path in manifest.parts_left(job)] == ["a.cam.part2.mp4"]
    manifest.write(job, manifest.key(job), "failed", reason="the disk was full")
    manifest.begin(job)
    assert [path.name for path in manifest.parts_left(job)] == ["a.cam.part2.mp4"]
    assert manifest.parts_left(other) == []
    assert all(outcome.state == "done" for outcome in states(source, out, settings, retry_failed=True).values())
    assert sorted(path.name for path in out.glob("*.part*")) == ["a.cam.part.mp4", "b.cam.part.mp4"]


def test_a_file_that_is_put_there_meanwhile_stays(source, settings, out):
    run = annotate_all(source, out, settings=settings)
    outcomes = {}
    for outcome in run:
        outcomes[outcome.source.rpartition("/")[2]] = outcome
        (out / "c.cam.mp4").write_text("mine")
    assert [outcomes[name].state for name in ("a.mp4", "b.mp4", "c.mp4")] == ["done", "done", "failed"]
    assert (out / "c.cam.mp4").read_text() == "mine"


def test_an_index_that_streamcam_has_not_written_is_not_replaced(source, settings, out, tmp_path):
    pytest.importorskip("plotly", reason="draws the reports")
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "index.html").write_text("<title>my page</title>")
    with pytest.raises(StreamcamError, match=r"index.html: exists already"):
        annotate_all(source, out, settings=settings, report=pages)
    shutil.rmtree(pages)
    for _ in range(2):
        run = annotate_all(source, out, settings=settings, report=pages)
        list(run)
        assert "3 files: 3 done" in (pages / "index.html").read_text()


def test_nothing_is_noted_before_the_loop(source, settings, out):
    (source / "b.mp4").write_bytes(b"")
    run = annotate_all(source, out, settings=settings)
    assert not out.exists()
    assert [outcome.state for outcome in run.known] == ["failed"]
    list(run)
    [noted] = [
        path for path in (out / ".streamcam").glob("*.json") if json.loads(path.read_text())["state"] == "failed"
    ]
    assert "empty" in noted.read_text()
