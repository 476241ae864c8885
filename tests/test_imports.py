"""What is loaded when, and by whom."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import streamcam

PACKAGE = Path(streamcam.__file__).parent
FOR_TYPES_ONLY = {f"sinks/{name}.py" for name in ("audio", "encoder", "tracks")}  # of PyAV, while types are checked
HEAVY = {
    "prometheus_client",
    "segno",
    "websockets",
    "tensorflow",
    "keras",
    "openvino",
    "av",
    "ray",
    "starlette",
    "uvicorn",
    "cv2",
    "h5py",
    "PIL",
}


def loaded_by(code: str) -> set[str]:
    program = f"import sys\n{code}\nprint('loaded:', *{{name.split('.')[0] for name in sys.modules}})"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    return set(output.rpartition("loaded:")[2].split())


def test_importing_streamcam_loads_nothing_heavy():
    assert not loaded_by("import streamcam; dir(streamcam)") & HEAVY


@pytest.mark.parametrize(
    "arguments", [["--help"], ["annotate", "--help"], ["serve", "--help"], ["models"], ["--version"]]
)
def test_help_and_lists_load_nothing_heavy(arguments):
    code = f"sys.argv[1:] = {arguments!r}\nfrom streamcam.cli import main\ntry: main()\nexcept SystemExit as e: assert not e.code"
    assert not loaded_by(code) & HEAVY


def test_every_public_name_is_there():
    for name in streamcam.__all__:
        assert getattr(streamcam, name) is not None
    assert set(streamcam.__all__) == set(streamcam._HOME)
    with pytest.raises(AttributeError):
        _ = streamcam.nonsense


def test_opencv_is_loaded_before_pyav():
    """In the other order OpenCV's windows hang (OpenCV issue 29195)."""
    program = (
        "import sys, streamcam.system.ffmpeg; names = list(sys.modules); assert names.index('cv2') < names.index('av')"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_nothing_reports_over_the_network():
    """OpenVINO does at its import, from a process that it forks, unless that part of it is missing."""
    code = "from streamcam.backends.openvino.engine import core; core(); import openvino.tools.ovc.main as o; print(o.tm.__name__)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "openvino.tools.ovc.telemetry_stub"


def importers(module: str) -> set[str]:
    """The files of the package that import a module, below their folder or file name."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            if any(name.split(".")[0] == module for name in names):
                found.add(path.relative_to(PACKAGE).as_posix())
    return found


def test_each_library_has_its_rooms():
    assert importers("av") <= {"system/ffmpeg.py", *FOR_TYPES_ONLY}
    assert {name.split("/")[0] for name in importers("tensorflow")} <= {"backends", "system", "diagnose"}
    assert {name.split("/")[0] for name in importers("keras")} <= {
        "backends",
        "explainers",
        "notebook",
    }  # there for a type
    for library in ("IPython", "pandas", "matplotlib"):
        assert {name.split("/")[0] for name in importers(library)} == {"notebook"}
    for library in ("starlette", "uvicorn", "prometheus_client", "segno"):
        assert {name.split("/")[0] for name in importers(library)} == {"web"}
    assert {name.split("/")[0] for name in importers("openvino")} <= {"backends", "system"}
    assert {name.split("/")[0] for name in importers("ray")} == {"batch"}
    assert {name.split("/")[0] for name in importers("typer")} == {"cli"}


def test_the_ten_lines_of_the_docstring_run_as_written(sample, tmp_path, monkeypatch):
    import shutil
    import textwrap

    shutil.copy(sample, tmp_path / "in.mp4")
    monkeypatch.chdir(tmp_path)
    lines = streamcam.__doc__.split("::\n")[1].split("\nOne picture")[0]
    exec(compile(textwrap.dedent(lines), "docstring", "exec"), {})
    with streamcam.VideoSource(tmp_path / "out.mp4") as source:
        assert source.info.frame_count == 180
