"""The command line as a user meets it."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from makers import clips, models
from makers.needs import need

from streamcam import VideoSource
from streamcam.cli import console, main
from streamcam.models.catalog import CATALOG

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.fixture
def cli(monkeypatch, capsys, tmp_path):
    """Run a command in this process: exit code, stdout, stderr."""
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments):
        monkeypatch.setattr(console, "debugging", False)
        monkeypatch.setattr(sys, "argv", ["streamcam", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop, warnings.catch_warnings():
            warnings.simplefilter("default")
            main()
        output = capsys.readouterr()
        return stop.value.code or 0, output.out, output.err

    monkeypatch.chdir(tmp_path)
    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def small_model(tmp_path_factory):
    """A model that explains a frame in a millisecond."""
    path = tmp_path_factory.mktemp("model") / "small.keras"
    models.flat().model.save(path)
    return path


def read_records(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


# --- the sample, end to end


@pytest.fixture(scope="module")
def annotated_sample(tmp_path_factory, sample):
    """The sample annotated by the real program in a process of its own."""
    folder = tmp_path_factory.mktemp("sample")
    shutil.copy(sample, folder / "clip.mp4")
    done = subprocess.run(
        [sys.executable, "-m", "streamcam", "annotate", "clip.mp4", "--records", "clip.jsonl", "--heatmaps", "clip.h5", "--probabilities"],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, done


def test_the_sample_is_named_and_the_heat_lies_on_it(annotated_sample):
    folder, _ = annotated_sample
    spec = importlib.util.spec_from_file_location("make_sample", SAMPLES / "make_sample.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    header, *records = read_records(folder / "clip.jsonl")
    assert len(records) == 2 * script.SCENE
    with h5py.File(folder / "clip.h5") as file:
        maps = file["heatmaps"][:, 0]
    named = on_object = 0
    for record, heat in zip(records, maps, strict=True):
        index = record["frame"]
        wanted = {"Egyptian cat", "tabby", "tiger cat"} if index < script.SCENE else {"espresso"}
        named += record["top"][0]["label"] in wanted
        x0, y0, x1, y1 = script.box_at(index)
        x, y = record["targets"][0]["centroid"]
        rows, columns = np.mgrid[: heat.shape[0], : heat.shape[1]]
        centre_x = (columns + 0.5) * script.WIDTH / heat.shape[1]
        centre_y = (rows + 0.5) * script.HEIGHT / heat.shape[0]
        inside = (centre_x >= x0) & (centre_x < x1) & (centre_y >= y0) & (centre_y < y1)
        share, chance = heat[inside].sum() / heat.sum(), inside.mean()
        on_object += x0 <= x < x1 and y0 <= y < y1 and share > chance
    assert named / len(records) > 0.9
    assert on_object / len(records) > 0.9
    assert header["layer"] == "top_activation"


def test_the_annotated_sample_is_the_sample_with_heat_on_it(annotated_sample):
    folder, _ = annotated_sample
    source, target = folder / "clip.mp4", folder / "clip.cam.mp4"
    assert sorted(p.name for p in folder.iterdir()) == ["clip.cam.mp4", "clip.h5", "clip.jsonl", "clip.mp4"]
    assert [d for _, d in clips.audio_packets(target)] == [d for _, d in clips.audio_packets(source)]
    np.testing.assert_allclose(
        [t for t, _ in clips.audio_packets(target)], [t for t, _ in clips.audio_packets(source)], atol=1e-6
    )
    with VideoSource(source) as a, VideoSource(target) as b:
        pairs = list(zip(a, b, strict=True))
    assert all(x.time == pytest.approx(y.time, abs=1e-9) for x, y in pairs)
    assert all(15 < np.abs(x.image.astype(int) - y.image).mean() < 110 for x, y in pairs)


def test_the_summary_says_what_was_done(annotated_sample):
    _, done = annotated_sample
    assert "clip.mp4 -> clip.cam.mp4: 180 frames" in done.stdout
    assert "fps" in done.stdout
    assert "efficientnet-lite0 at top_activation" in done.stdout
    assert "Traceback" not in done.stderr
    assert "oneDNN" not in done.stderr


def test_records_and_heatmaps_agree(annotated_sample):
    folder, _ = annotated_sample
    header, *records = read_records(folder / "clip.jsonl")
    assert set(header) == {
        "version",
        "source",
        "model",
        "layer",
        "method",
        "score",
        "fit",
        "size",
        "engine",
        "precision",
        "labels",
    }
    with h5py.File(folder / "clip.h5") as file:
        assert dict(file.attrs) == header
        assert file["heatmaps"].shape == (180, 1, 7, 12)
        assert file["heatmaps"].dtype == np.float32
        assert file["probabilities"].shape == (180, 1000)
        np.testing.assert_allclose(file["probabilities"][:].sum(axis=1), 1, atol=1e-4)
        np.testing.assert_array_equal(file["classes"][:, 0], [r["targets"][0]["class"] for r in records])
        np.testing.assert_allclose(file["scores"][:, 0], [r["top"][0]["score"] for r in records], atol=1e-6)
        np.testing.assert_allclose(file["time"][:], [r["time"] for r in records], atol=1e-6)
        assert file["heatmaps"][:].max(axis=(1, 2, 3)).std() > 0  # raw: not stretched to the same maximum


# --- inputs and outputs


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


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["annotate"], 2, "Missing argument"),
        (["annotate", "a.mp4", "--fit", "huge"], 2, "'native', 'stretch', 'crop'"),
        (["annotate", "a.mp4", "--probabilities"], 2, "--heatmaps"),
        (["nonsense"], 2, "No such command"),
        (["annotate", "a.mp4", "-m", "resnet5000"], 1, "did you mean resnet50"),
        (["annotate", "a.mp4", "-m", "gone.keras"], 1, "gone.keras: no such model file"),
        (
            ["annotate", "a.mp4", "--target", "tigger"],
            1,
            "tigger: the model knows no such class; the nearest are tiger",
        ),
        (["annotate", "a.mp4", "--layer", "top_activatoin"], 1, "top_activation"),
        (["annotate", "a.mp4", "--colormap", "rainbows"], 1, "rainbows"),
        (["annotate", "a.mp4", "--alpha", "7"], 1, "alpha 7.0"),
        (["annotate", "a.mp4", "--size", "3"], 1, "size 3"),
        (["annotate", "a.mp4", "--codec", "nonsense"], 1, "nonsense"),
        (["layers", "gone.h5"], 1, "gone.h5: no such model file"),
    ],
)
def test_wrong_usage_is_said_in_one_line(cli, tmp_path, arguments, code, says):
    clips.write_clip(tmp_path / "a.mp4", 2)
    got, _, err = cli(*arguments)
    assert got == code
    assert says in " ".join(err.replace("│", " ").split())
    assert "Traceback" not in err
    if code == 1:
        assert len([line for line in err.splitlines() if not line.startswith("preparing ")]) == 1
    assert not (tmp_path / "a.cam.mp4").exists()


def test_debug_adds_the_traceback_anywhere(cli, tmp_path):
    _, _, err = cli("layers", "gone.h5", "--debug")
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("error: gone.h5")


# --- interrupts


def slow_run(folder, *arguments):
    """The program on a clip that takes it a while, once it has written some frames."""
    clips.write_clip(folder / "long.mp4", 2000, size=(640, 360), noise=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "streamcam", "annotate", "long.mp4", "--records", "r.jsonl", *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    part = folder / "r.part.jsonl"
    for _ in range(1200):
        if part.exists() and len(part.read_text(encoding="utf-8").splitlines()) > 100:
            return process
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError("no frame was written within a minute")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals; Windows has Ctrl-C events instead")
def test_an_interrupt_leaves_playable_files(tmp_path, small_model, number):
    process = slow_run(tmp_path, "-m", small_model)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "long.cam.part.mp4" in err
    assert "Traceback" not in err
    assert not (tmp_path / "long.cam.mp4").exists()
    written = len(clips.decoded(tmp_path / "long.cam.part.mp4"))
    assert written >= 100
    assert abs(len(read_records(tmp_path / "r.part.jsonl")) - 1 - written) <= 1


# --- the other commands


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


def test_bench_as_table_and_as_json(cli, small_model):
    options = ["-m", small_model, "--frames", "30", "--resolution", "160x90", "--precision", "f32"]
    code, out, _ = cli("bench", *options, "--json")
    assert code == 0
    report = json.loads(out)
    assert [stage["name"] for stage in report["stages"]] == ["decode", "resize", "explain", "steady", "draw", "encode"]
    assert all(0 < stage["median_ms"] <= stage["p95_ms"] for stage in report["stages"])
    assert sum(stage["share"] for stage in report["stages"]) == pytest.approx(1)
    assert 0 < report["first_heatmap_warm"] < report["first_heatmap_cold"]
    assert report["loop_fps"] > 0
    assert report["memory_mb"] > 0
    code, out, _ = cli("bench", *options)
    assert code == 0
    assert "explain" in out
    assert cli("bench", "--resolution", "wide")[0] == 2


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
    assert code == 1
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


def test_layers_marks_the_default_target(cli, small_model):
    code, out, _ = cli("layers", small_model)
    assert code == 0
    assert next(line for line in out.splitlines() if "<- default target" in line).split()[:3] == [
        "conv_sum",
        "Add",
        "12x12",
    ]
    code, out, _ = cli("layers", "efficientnet-lite0")
    assert next(line for line in out.splitlines() if "<- default target" in line).split()[0] == "top_activation"


def test_models_are_listed(cli):
    code, out, _ = cli("models")
    assert code == 0
    assert len(out.splitlines()) == 1 + len(CATALOG)
    assert out.splitlines()[1].split()[0] == "efficientnet-lite0"


def test_doctor_finds_this_machine_fit(cli):
    code, out, _ = cli("doctor")
    assert code == 0, out
    for subject in ("opencv", "decoders", "encoders", "display", "engine", "model", "disk"):
        assert f" {subject}: " in out
    assert "MISSING" not in out


def test_doctor_reports_what_is_wrong_and_how_to_mend_it(cli, monkeypatch):
    import streamcam.models.efficientnet_lite as lite

    monkeypatch.setattr(lite, "WEIGHTS_SHA256", "0")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    code, out, _ = cli("doctor")
    assert code == 1
    assert "MISSING model" in out
    assert "xvfb-run" in out or sys.platform in ("win32", "darwin")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="hides a library of Linux")
def test_a_missing_system_library_is_named_with_its_package(tmp_path, sample):
    """libGL is really hidden: an overlay in a mount namespace covers the folder that holds it."""
    where = subprocess.run(
        ["sh", "-c", "ldconfig -p | grep -m1 'libGL.so.1 ' | sed 's/.*=> //'"], capture_output=True, text=True
    ).stdout.strip()
    need(os.geteuid() == 0 and shutil.which("unshare") and where, "needs root, unshare and an installed libGL to hide")
    script = f"""
        mount -t tmpfs none {tmp_path} && mkdir {tmp_path}/up {tmp_path}/work
        mount -t overlay overlay -o lowerdir={Path(where).parent.resolve()},upperdir={tmp_path}/up,workdir={tmp_path}/work {Path(where).parent.resolve()}
        rm {Path(where).resolve()} {Path(where).parent.resolve()}/libGL.so.1
        {sys.executable} -m streamcam annotate {sample} -o {tmp_path}/o.mp4; echo "exit $?"
        {sys.executable} -m streamcam doctor; echo "exit $?"
    """
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True)
    assert done.stdout.count("exit 1") == 2, done
    assert "libGL.so.1" in done.stderr
    assert "apt install libgl1" in done.stderr
    assert "apt install libgl1" in done.stdout
    assert "Traceback" not in done.stderr + done.stdout
