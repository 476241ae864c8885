"""Which files ``streamcam annotate`` takes, and what it says of the others; what it would do; standard input."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from makers import clips


@pytest.fixture
def films(tmp_path):
    for name, count in (("a.mp4", 3), ("b.mp4", 4)):
        clips.write_clip(tmp_path / name, count)
    return tmp_path


def test_the_same_command_by_the_shell_takes_no_results_of_its_own(cli, small_model, films):
    def names():
        return sorted(path.name for path in films.glob("*.mp4"))

    assert cli("annotate", *names(), "-m", small_model)[0] == 0
    first = names()
    assert first == ["a.cam.mp4", "a.mp4", "b.cam.mp4", "b.mp4"]
    code, out, err = cli("annotate", *names(), "--overwrite", "-m", small_model)
    assert code == 0
    assert [line.split(":")[0] for line in out.splitlines()] == ["a.mp4 -> a.cam.mp4", "b.mp4 -> b.cam.mp4"]
    assert "a.cam.mp4: left out: made by streamcam" in err.splitlines()
    assert names() == first


def test_a_strangers_file_is_taken_whatever_it_is_called(cli, small_model, films):
    clips.write_clip(films / "garage.cam.mp4", 5)
    for folder, given in (("1", "."), ("2", "*.mp4"), ("3", "garage.cam.mp4")):
        (films / folder).mkdir()
        code, out, err = cli("annotate", given, "-o", folder, "-m", small_model)
        assert code == 0, err
        assert f"garage.cam.mp4 -> {Path(folder, 'garage.cam.cam.mp4')}: 5 frames" in out


def test_a_result_is_known_by_what_is_in_it_whatever_it_is_called(cli, small_model, films):
    assert cli("annotate", "a.mp4", "-o", "heat.mp4", "-m", small_model)[0] == 0
    code, out, err = cli("annotate", "heat.mp4", "-m", small_model)
    assert (code, out) == (1, "")
    assert err == "error: heat.mp4: was made by streamcam; give the file that it was made of\n"
    code, _, err = cli("annotate", ".", "-o", "out", "--dry-run", "-m", small_model)
    assert code == 0
    assert ".: left out: made by streamcam: heat.mp4" in err.splitlines()


def test_no_input_is_written_over_before_or_after_it_is_read(cli, small_model, films):
    clips.write_clip(films / "a.cam.mp4", 5)
    before = {path.name: path.read_bytes() for path in films.iterdir()}
    code, out, err = cli("annotate", "a.mp4", "a.cam.mp4", "--overwrite", "-m", small_model)
    assert code == 1
    assert "error: a.cam.mp4: is an input, too; name another output with -o" in err.splitlines()
    assert "a.cam.mp4 -> a.cam.cam.mp4: 5 frames" in out
    code, _, err = cli(
        "annotate", "a.mp4", "-o", "./new/../b.mp4", "--heatmaps", "new/../a.mp4", "--overwrite", "-m", small_model
    )
    assert code == 1
    assert "is the input itself" in err
    assert {name: (films / name).read_bytes() for name in before} == before


def test_what_a_folder_holds_besides_is_said(cli, small_model, films):
    for name in ("notes.txt", "deep.pdf", "scan.PDF"):
        (films / name).write_text("text")
    code, _, err = cli("annotate", ".", "-o", "out", "-m", small_model)
    assert code == 0
    assert ".: left out by the ending of their names: 2 .pdf, 1 .txt" in err.splitlines()


def test_a_folder_that_cannot_be_looked_into_fails(cli, small_model, films, monkeypatch):
    (films / "locked").mkdir()
    real = os.scandir

    def scandir(path="."):
        if isinstance(path, Path) and path.name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    code, out, err = cli("annotate", ".", "-o", "out", "-m", small_model)
    assert code == 1
    assert len(out.splitlines()) == 2
    assert "error: locked: cannot be looked into (Permission denied)" in err.splitlines()
    assert "2 of 3 inputs done, 1 failed" in err


def test_files_that_lose_frames_are_not_counted_as_done(cli, small_model, tmp_path):
    for name in ("a.mkv", "b.mkv"):
        cut = clips.write_clip(tmp_path / name, 300, noise=True)
        os.truncate(cut, cut.stat().st_size // 2)
    code, _, err = cli("annotate", ".", "-o", "out", "-m", small_model)
    assert code == 1
    rows = [line.split()[:2] for line in err.splitlines() if line.split()[1:2] == ["2"]]
    assert rows == [["damaged", "2"]]
    assert "0 of 2 inputs done, 2 failed, 2 of the failed written as far as they can be read" in err


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(cli, small_model, films):
    (films / "empty.mp4").touch()
    assert cli("annotate", ".", "-o", "out", "-m", small_model)[0] == 1
    clips.write_clip(films / "c.mp4", 3)
    before = {path: path.stat().st_mtime_ns for path in films.rglob("*")}
    code, out, err = cli("annotate", ".", "-o", "out", "-m", small_model, "--records", "rec", "--dry-run")
    assert code == 1
    lines = out.splitlines()
    for name in "abc":  # more outputs are no other settings
        assert f"{name}.mp4 -> {Path('out', f'{name}.cam.mp4')}, {Path('rec', f'{name}.jsonl')}" in lines
    code, out, err = cli("annotate", ".", "-o", "out", "-m", small_model, "--alpha", "0.9", "--dry-run")
    assert code == 1
    assert err.count("out: holds 2 results made with other settings, and nothing was done") == 1
    code, out, err = cli("annotate", ".", "-o", "out", "-m", small_model, "--dry-run")
    assert out.splitlines() == [
        f"a.mp4: done before, skipped: {Path('out/a.cam.mp4')}",
        f"b.mp4: done before, skipped: {Path('out/b.cam.mp4')}",
        f"c.mp4 -> {Path('out/c.cam.mp4')}",
    ]
    assert "error: empty.mp4: the file is empty (before; --retry-failed tries again)" in err.splitlines()
    assert err.splitlines()[-1] == (
        "1 of 4 inputs would be done, 2 are done, 1 cannot be; nothing was written (--dry-run)"
    )
    assert {path: path.stat().st_mtime_ns for path in films.rglob("*")} == before


def test_quiet_says_errors_only(cli, small_model, films):
    assert cli("annotate", "a.mp4", "-q", "-m", small_model) == (0, "", "")
    assert len(clips.decoded(films / "a.cam.mp4")) == 3
    code, out, err = cli("annotate", "gone.mp4", "b.mp4", "--quiet", "-m", small_model)
    assert (code, out, err) == (1, "", "error: gone.mp4: no such file\n")


@pytest.mark.parametrize(
    "wrong",
    [
        ["--start", "1:90"],
        ["--start", "-1"],
        ["--end", "0"],
        ["--start", "3", "--end", "2"],
        ["--end", "1", "--duration", "1"],
    ],
)
def test_stretches_that_are_none_are_wrong_usage(cli, films, wrong):
    code, _, err = cli("annotate", "a.mp4", *wrong)
    assert code == 2
    assert wrong[-2] in err
    assert not (films / "a.cam.mp4").exists()


def piped(data, *arguments, cwd, model):
    command = [sys.executable, "-m", "streamcam", "annotate", *map(str, arguments), "-m", str(model)]
    return subprocess.run(command, input=data, cwd=cwd, capture_output=True, timeout=200, check=False)


@pytest.mark.parametrize("kind", ["video", "image"])
def test_standard_input_is_an_input(small_model, tmp_path, kind):
    if kind == "video":
        data, output = clips.write_clip(tmp_path / "in.mp4", 6).read_bytes(), tmp_path / "out.mp4"
    else:
        data, output = cv2.imencode(".png", clips.picture(0, 200, 150))[1].tobytes(), tmp_path / "out.png"
    done = piped(data, "-", "-o", output.name, "--records", "r.jsonl", cwd=tmp_path, model=small_model)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().startswith(f"- -> {output.name}: ")
    assert '"source": "-"' in (tmp_path / "r.jsonl").read_text()
    assert len(clips.decoded(output)) == (6 if kind == "video" else 1)
    nothing = piped(b"", "-", "-o", "none.mp4", cwd=tmp_path, model=small_model)
    assert (nothing.returncode, nothing.stderr) == (1, b"error: -: standard input is empty\n")
    noise = piped(b"no film" * 100, "-", "-o", "none.mp4", cwd=tmp_path, model=small_model)
    assert noise.stderr.startswith(b"error: -: not a video or image")
    assert piped(data, "-", cwd=tmp_path, model=small_model).returncode == 2
