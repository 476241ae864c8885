"""``streamcam annotate`` as a user meets it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
from makers import clips
from makers.runs import read_records


def test_images_become_images_beside_them(cli, small_model, tmp_path):
    for name in ("a.png", "b.JPG", "c.ppm"):
        cv2.imwrite(str(tmp_path / name), clips.picture(0, 200, 150))
    code, out, _ = cli("annotate", "a.png", "b.JPG", "c.ppm", "-m", small_model)
    assert code == 0
    assert len(out.splitlines()) == 3
    assert {p.name for p in tmp_path.iterdir()} == {"a.png", "b.JPG", "c.ppm", "a.cam.png", "b.cam.JPG", "c.cam.png"}
    assert cv2.imread(str(tmp_path / "a.cam.png")).shape == (150, 200, 3)


def test_folders_keep_their_tree_and_globs_work(cli, small_model, tmp_path):
    for name in ("in/a.mp4", "in/deep/a.mp4", "in/deep/b.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("png"):
            cv2.imwrite(str(tmp_path / name), clips.picture(0))
        else:
            clips.write_clip(tmp_path / name, 3)
    code, _, err = cli("annotate", "in", "-o", "out", "-m", small_model, "--records", "records")
    assert code == 0, err
    assert {p.relative_to("out").as_posix() for p in Path("out").rglob("[!.]*.*") if ".streamcam" not in p.parts} == {
        "a.cam.mp4",
        "deep/a.cam.mp4",
        "deep/b.cam.png",
    }
    assert {p.relative_to("records").as_posix() for p in Path("records").rglob("*.*")} == {
        "a.jsonl",
        "deep/a.jsonl",
        "deep/b.jsonl",
    }
    assert cli("annotate", "in/deep/*.mp4", "-o", "globbed", "-m", small_model)[0] == 0
    assert [p.name for p in Path("globbed").glob("*.*") if not p.is_dir()] == ["a.cam.mp4"]


def test_no_two_inputs_share_an_output(cli, small_model, tmp_path):
    clips.write_clip(tmp_path / "a.mp4", 3)
    clips.write_clip(tmp_path / "a.ts", 4)
    assert cli("annotate", "a.mp4", "a.ts", "-m", small_model)[0] == 0
    assert len(clips.decoded(tmp_path / "a.mp4.cam.mp4")) == 3
    assert len(clips.decoded(tmp_path / "a.ts.cam.mp4")) == 4


def test_bad_inputs_are_one_line_each_and_the_others_are_done(cli, small_model, tmp_path):
    clips.write_clip(tmp_path / "good.mp4", 4)
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video at all")
    (tmp_path / "folder").mkdir()
    code, out, err = cli(
        "annotate", "missing.mp4", "empty.mp4", "text.mp4", "folder", "*.webm", "good.mp4", "-m", small_model
    )
    assert code == 1
    assert "good.mp4 -> good.cam.mp4: 4 frames" in out
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 5
    for name in ("missing.mp4", "empty.mp4", "text.mp4", "folder", "*.webm"):
        assert sum(name in line for line in errors) == 1
    assert "1 of 6 inputs done, 5 failed" in err
    assert not (tmp_path / "text.cam.mp4").exists()


def test_a_file_that_breaks_off_is_written_and_reported(cli, small_model, tmp_path):
    path = clips.write_clip(tmp_path / "a.mp4", 120, noise=True, options={"movflags": "faststart"})
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    code, out, err = cli("annotate", "a.mp4", "-m", small_model)
    written = len(clips.decoded(tmp_path / "a.cam.mp4"))
    assert code == 1
    assert 30 < written < 100
    assert f"{120 - written} of its 120 frames cannot be read" in err
    assert f"{written} frames" in out


def test_nothing_is_overwritten_unasked(cli, small_model, tmp_path):
    clips.write_clip(tmp_path / "a.mp4", 3)
    (tmp_path / "a.cam.mp4").write_text("mine")
    code, _, err = cli("annotate", "a.mp4", "-m", small_model)
    assert code == 1
    assert err.startswith("error: a.cam.mp4: exists already; use --overwrite")
    assert (tmp_path / "a.cam.mp4").read_text() == "mine"
    assert cli("annotate", "a.mp4", "-o", "a.mp4", "--overwrite", "-m", small_model)[0] == 1
    assert len(clips.decoded(tmp_path / "a.mp4")) == 3
    assert cli("annotate", "a.mp4", "--overwrite", "-m", small_model)[0] == 0
    assert len(clips.decoded(tmp_path / "a.cam.mp4")) == 3


def test_several_targets_and_settings_reach_the_records(cli, small_model, tmp_path):
    clips.write_clip(tmp_path / "a.mp4", 3)
    arguments = ["--target", "class 2", "--target", "top2", "--target", "0", "--method", "gradcam", "--score", "probability",
                 "--fit", "stretch", "--size", "96", "--layer", "conv_b", "--alpha", "0.3", "--colormap", "viridis",
                 "--blend", "heat", "--top-k", "2", "--no-hud", "--codec", "hevc", "--crf", "30", "--preset", "ultrafast"]  # fmt: skip
    code, _, err = cli("annotate", "a.mp4", "-m", small_model, "--records", "r.jsonl", *arguments)
    assert code == 0, err
    header, first, *_ = read_records(tmp_path / "r.jsonl")
    assert {k: header[k] for k in ("layer", "score", "fit", "size")} == {
        "layer": "conv_b",
        "score": "probability",
        "fit": "stretch",
        "size": 96,
    }
    assert [t["class"] for t in first["targets"]][::2] == [2, 0]


@pytest.fixture(scope="session")
def long_clip(shared):
    """A clip that takes the program a while."""

    def make(folder):
        options = {"preset": "ultrafast"}
        clips.write_clip(folder / "long.mp4", 600, size=(640, 360), noise=True, encoding=options)

    return shared("long", make) / "long.mp4"


def slow_run(clip, folder, *arguments):
    """The program on a long clip, once it has written some frames."""
    output = ["-o", folder / "long.cam.mp4", "--records", "r.jsonl"]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamcam", "annotate", clip, *output, *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    part = folder / "r.part.jsonl"
    for _ in range(1200):
        if part.exists() and len(part.read_text(encoding="utf-8").splitlines()) > 31:
            return process
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError("no frame was written within a minute")


@pytest.mark.parametrize("names", [["SIGINT"], ["SIGTERM"], ["SIGHUP"], ["SIGINT", "SIGINT"], ["SIGHUP", "SIGTERM"]])
@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals; Windows has Ctrl-C events instead")
def test_an_interrupt_leaves_playable_files(long_clip, tmp_path, small_model, names):
    process = slow_run(long_clip, tmp_path, "-m", small_model)
    for name in names:
        process.send_signal(getattr(signal, name))
        time.sleep(0.05)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "long.cam.part.mp4" in err
    assert "Traceback" not in err
    assert not (tmp_path / "long.cam.mp4").exists()
    written = len(clips.decoded(tmp_path / "long.cam.part.mp4"))
    assert written >= 30
    assert abs(len(read_records(tmp_path / "r.part.jsonl")) - 1 - written) <= 1


def test_every_nth_frame(cli, small_model, tmp_path):
    clips.write_clip(tmp_path / "a.mp4", 7)
    assert cli("annotate", "a.mp4", "-m", small_model, "--every", "3", "--records", "r.jsonl")[0] == 0
    assert [r["explained"] for r in read_records(tmp_path / "r.jsonl")[1:]] == [
        True,
        False,
        False,
        True,
        False,
        False,
        True,
    ]


def test_engine_precision_threads_and_cache_reach_the_explainer(cli, small_model, tmp_path):
    clips.write_clip(tmp_path / "a.mp4", 2)
    for arguments, engine in (
        (["--engine", "tensorflow"], "tensorflow"),
        (["--precision", "f32", "--threads", "1", "--no-cache"], "openvino"),
    ):
        code, _, err = cli("annotate", "a.mp4", "-m", small_model, "--records", "r.jsonl", "--overwrite", *arguments)
        assert code == 0, err
        header = read_records(tmp_path / "r.jsonl")[0]
        assert (header["engine"], header["precision"]) == (engine, "f32")


def test_what_another_run_left_is_never_touched(cli, small_model, tmp_path):
    """A part of an earlier run is somebody's work, and may be the very input of this one."""
    clips.write_clip(tmp_path / "movie.part.mp4", 9)
    before = (tmp_path / "movie.part.mp4").read_bytes()
    code, _, err = cli("annotate", "movie.part.mp4", "-o", "movie.mp4", "-m", small_model)
    assert code == 0, err
    assert (tmp_path / "movie.part.mp4").read_bytes() == before
    assert len(clips.decoded(tmp_path / "movie.mp4")) == 9


def test_equal_names_from_two_folders_get_names_of_their_own(cli, small_model, tmp_path):
    for folder, count in (("a", 3), ("b", 4)):
        (tmp_path / folder).mkdir()
        clips.write_clip(tmp_path / folder / "clip.mp4", count)
    assert cli("annotate", "a", "b", "-o", "out", "-m", small_model, "--records", "rec")[0] == 0
    assert sorted(len(clips.decoded(p)) for p in Path("out").glob("*.mp4")) == [3, 4]
    assert sorted(len(read_records(p)) for p in Path("rec").iterdir()) == [4, 5]
    code, _, err = cli("annotate", "a/clip.mp4", "-o", "o.mp4", "--records", "o.mp4", "-m", small_model)
    assert code == 2
    assert "two different results" in err


def test_strange_names(cli, small_model, tmp_path):
    names = ["2024-01-01T12:30:00.mp4", "with space [1] (ü) 虎.mp4", "-dash.mp4"]
    for name in names:
        clips.write_clip(tmp_path / name, 2) if name[0] != "-" else shutil.copy(tmp_path / names[0], tmp_path / name)
    code, _, err = cli("annotate", "-m", small_model, "--", *names)
    assert code == 0, err
    bad = os.fsencode(tmp_path) + b"/a\xff.mp4"
    shutil.copy(os.fsencode(tmp_path / names[0]), bad)
    code, _, err = cli("annotate", os.fsdecode(bad), "-m", small_model)
    assert code == 1
    assert "not valid UTF-8" in err


def test_only_pictures_that_have_changed_are_explained_and_records_say_which(cli, small_model, tmp_path):
    clip = cv2.VideoWriter(str(tmp_path / "in.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 30, (64, 48))
    for index in range(20):
        clip.write(clips.picture(0 if index < 12 else 20))
    clip.release()
    code, _, err = cli("annotate", "in.avi", "-m", small_model, "--every", "auto", "--records", "in.jsonl")
    assert code == 0, err
    assert [record["frame"] for record in read_records(tmp_path / "in.jsonl")[1:] if record["explained"]] == [0, 12]


@pytest.mark.parametrize("every", ["0", "often"])
def test_every_is_a_number_or_auto(cli, small_model, tmp_path, every):
    code, _, err = cli("annotate", "in.mp4", "-m", small_model, "--every", every)
    assert code == 2
    assert "auto" in err
    code, _, err = cli("annotate", "in.mp4", "-m", small_model, "--every", "auto", "--no-steady")
    assert code != 0
    assert "every auto" in err
