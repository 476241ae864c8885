"""Runs streamcam on 500 damaged files: each must end in a playable video, with what is lost counted, or in one clear line.

    python tests/corpus/mutations.py                    all; exit 1 when anything is wrong
    python tests/corpus/mutations.py --only 17 --keep DIR
                                                        one of them, and keep it
    python tests/corpus/mutations.py --seed 2 --count 2000

Five clips, of five containers, are cut off at random places, or have bits flipped, blocks zeroed or blocks doubled.
The work is done in two processes, so that one which crashes or hangs is seen; their memory and open files are watched.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from terminal import LOSS_WORDS, QUIET, Terminal

os.environ |= QUIET
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import psutil
from mutate import CLIPS, FRAMES, Case, make

_PROCESSES = 2
_PATIENCE = 30.0  # seconds for one file
_START = 180.0  # seconds for a process to load the model
_MEMORY = 200e6  # bytes by which a process may grow, after its first files
_SETTLED = 20  # files
# Damaged packets of sound are copied as they are, where they can be.
_IS_SOUND = re.compile(
    r" *Last message repeated|\[(aac|mp3|mp2|opus|vorbis)|Error while decoding stream #0:1|.*non monoton"
)
_FILES = 3  # that may be open more than after the first files


def work(orders: Connection, model: str, out: str) -> None:
    """One process: paths come in, what came of each goes out."""
    from streamcam.annotation.outputs import Outputs
    from streamcam.batch.runner import TaskRunner
    from streamcam.batch.settings import AnnotationSettings
    from streamcam.batch.task import Task
    from streamcam.settings import ExplainSettings, HeatSettings, ModelSettings, PictureSettings

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = AnnotationSettings(
        model=ModelSettings(model=model),
        explain=ExplainSettings(precision="f32", threads=1),
        picture=PictureSettings(alpha=0.0, hud=False),
        heat=HeatSettings(steady=False),
    )
    notes: list[str] = []
    warnings.simplefilter("always")
    warnings.showwarning = lambda message, *where, **more: notes.append(str(message))
    runner, me = TaskRunner(settings, threads=1), psutil.Process()
    assert runner.explain
    with Terminal() as terminal:
        orders.send("ready")
        for number, path in iter(orders.recv, None):
            notes.clear()
            terminal.said()
            media = Path(out) / f"{number}.mp4"
            outcome = runner.attempt(Task(number, Path(path), Outputs(media)))
            result, failure = outcome.result, outcome.failure
            report = {
                "frames": result.frames if result else 0,
                "lost": result.lost if result else 0,
                "output": result.output if result else "",
                "error": failure.reason if failure else "",
                "unforeseen": failure.unforeseen if failure else False,
                "notes": [*notes],
                "terminal": [line for line in terminal.said() if Path(path).stem not in line],
                "memory": me.memory_info().rss,
                "files": me.num_fds() if hasattr(me, "num_fds") else 0,
            }
            orders.send(report)


class Worker:
    """A process that annotates files, and is begun anew when it dies."""

    def __init__(self, model: Path, out: Path) -> None:
        self._model, self._out = model, out
        self._process: Any = None
        self._settled: dict[str, int] | None = None
        self._done = 0

    def do(self, case: Case) -> None:
        """Do one file."""
        if self._process is None:
            self._begin()
        began = time.monotonic()
        self._orders.send((case.number, str(case.path)))
        report = self._answer()
        case.seconds = time.monotonic() - began
        if isinstance(report, str):
            case.came, case.wrong = report, [report]
            self.end()
            return
        judge(case, report)
        self._watch(case, report)

    def end(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._orders, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(theirs, str(self._model), str(self._out)), daemon=True)
        self._process.start()
        theirs.close()
        self._settled, self._done = None, 0
        if not self._orders.poll(_START) or self._orders.recv() != "ready":
            raise RuntimeError("a worker does not start")

    def _answer(self) -> dict[str, Any] | str:
        try:
            if not self._orders.poll(_PATIENCE):
                return "hung"
            report: dict[str, Any] = self._orders.recv()
            return report
        except EOFError:
            self._process.join()
            return f"crashed ({self._process.exitcode})"

    def _watch(self, case: Case, report: dict[str, Any]) -> None:
        self._done += 1
        if self._done == _SETTLED:
            self._settled = report
        if self._settled:
            grown = report["memory"] - self._settled["memory"]
            if grown > _MEMORY:
                case.wrong.append(f"memory has grown by {grown / 1e6:.0f} MB")
                self._settled = report  # said once
            if report["files"] > self._settled["files"] + _FILES:
                case.wrong.append(f"{report['files'] - self._settled['files']} files were left open")
                self._settled = report


def judge(case: Case, report: dict[str, Any]) -> None:
    """Find out what is wrong with what came of a file."""
    error, output = report["error"], Path(report["output"])
    if report["terminal"]:
        case.wrong.append(f"the terminal shows: {report['terminal'][0][:120]}")
    if error:
        case.came = "refused"
        if report["unforeseen"]:
            case.wrong.append(f"an internal error: {error}")
        if "\n" in error or (case.path.stem not in error and f"{case.number}." not in error):
            case.wrong.append(f"not one line that names the file: {error!r}")
        if "cannot be written" in error:
            case.wrong.append(f"blames the output: {error}")
        return
    loss_said = report["lost"] or any(word in note for note in report["notes"] for word in LOSS_WORDS)
    case.came = "with loss" if loss_said else "whole"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(output), "-map", "0:v", "-vf", "scale=8:8,format=gray"]
    command += [
        "-fps_mode",
        "passthrough",
        "-f",
        "rawvideo",
        "-",
        "-map",
        "0:a?",
        "-c:a",
        "copy",
        "-f",
        "null",
        os.devnull,
    ]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    complaints = [line for line in done.stderr.decode(errors="replace").splitlines() if not _IS_SOUND.match(line)]
    shown = np.frombuffer(done.stdout, np.uint8).reshape(-1, 64)
    if done.returncode or not len(shown):
        case.wrong.append(f"cannot be played: {complaints[:1]}")
    elif len(shown) != report["frames"]:
        case.wrong.append(f"{len(shown)} frames can be played of {report['frames']}")
    elif complaints:
        case.wrong.append(f"plays with complaints: {complaints[0]}")
    if len(shown) and (shown.max(axis=1) < 24).any():
        case.wrong.append("a frame is black")
    promised = _promised(case.path)
    if not loss_said and promised and promised > report["frames"]:
        case.wrong.append(f"{report['frames']} of {promised} frames, and nothing is said to be lost")
    output.unlink()


def _promised(path: Path) -> int:
    """How many frames the header of a file counts, 0 where it does not."""
    command = [
        "ffprobe",
        "-v",
        "error",
        "-select_streams",
        "v:0",
        "-show_entries",
        "stream=nb_frames",
        "-of",
        "csv=p=0",
    ]
    done = subprocess.run([*command, str(path)], capture_output=True, timeout=60, check=False)
    words = done.stdout.decode(errors="replace").split()
    count = int(words[0]) if words and words[0].isdigit() else 0
    return min(count, FRAMES) if count <= FRAMES + 1 else 0  # a count that was hit itself


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=500, help="how many files")
    parser.add_argument("--only", type=int, action="append", help="only the file of this number; repeat for several")
    parser.add_argument("--keep", type=Path, help="folder for the damaged files")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["STREAMCAM_CACHE"] = str(Path(scratch) / "cache")
        (Path(scratch) / "cache").mkdir(mode=0o700)
        model = Path(scratch) / "tiny.keras"
        save_model(model)
        cases = list(make(folder, options.seed, options.only or range(options.count)))
        run(cases, model, Path(scratch) / "out")
    return show(cases, time.monotonic() - began)


def save_model(path: Path) -> None:
    """Write the tiny model, in a process that ends then."""
    code = f"from makers import models; models.flat(rescales=True).model.save({str(path)!r})"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, timeout=300)


def run(cases: Sequence[Case], model: Path, out: Path) -> None:
    """Share the files among the processes."""
    out.mkdir()

    def share(at: int) -> None:
        worker = Worker(model, out)
        try:
            for case in cases[at::_PROCESSES]:
                worker.do(case)
        finally:
            worker.end()

    with ThreadPoolExecutor(_PROCESSES) as pool:
        list(pool.map(share, range(_PROCESSES)))


def show(cases: Sequence[Case], seconds: float) -> int:
    """Print what is wrong and what came of all, and give the exit code."""
    wrong = [case for case in cases if case.wrong]
    for case in wrong:
        print(f"{case.number} ({case.path.name}): {'; '.join(case.wrong)}")
    for ending in CLIPS:
        counts = Counter(case.came for case in cases if case.path.suffix == f".{ending}")
        print(f"{ending:5}", ", ".join(f"{count} {came}" for came, count in sorted(counts.items())))
    slowest = max(cases, key=lambda case: case.seconds)
    print(f"slowest: {slowest.path.name}, {slowest.seconds:.1f} s")
    print(f"{len(cases) - len(wrong)} of {len(cases)} damaged files end well, in {seconds:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
