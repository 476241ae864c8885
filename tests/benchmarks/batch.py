"""What it costs to do many files: with one process and with two, and what scheduling takes beside the work.

python tests/benchmarks/batch.py workers            # four clips of 720p, twice, the default model
python tests/benchmarks/batch.py scheduling [--most 1000]
python tests/benchmarks/batch.py memory [--most 1000]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from makers import clips, models

SAMPLE = Path(__file__).parents[2] / "samples" / "cat_and_coffee.mp4"


def annotate(*arguments: object) -> tuple[float, float, str]:
    """Run it; seconds, the most memory of its own process in MB, and what it said."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "streamcam", "annotate", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    most = 0.0

    def watch() -> None:
        nonlocal most
        me = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                most = max(most, me.memory_info().rss / 1e6)
            except psutil.Error:
                return
            time.sleep(0.05)

    thread = threading.Thread(target=watch)
    thread.start()
    _, said = process.communicate()
    thread.join()
    assert process.returncode == 0, said
    return time.monotonic() - began, most, said


def workers(folder: Path) -> None:
    source = folder / "in"
    source.mkdir()
    large = source / "0.mp4"
    command = ["ffmpeg", "-v", "error", "-i", str(SAMPLE), "-vf", "scale=1280:720", "-c:v", "libx264", "-g", "60"]
    subprocess.run([*command, "-preset", "veryfast", str(large)], check=True)
    for number in range(1, 4):
        shutil.copy(large, source / f"{number}.mp4")
    annotate(large, "-o", folder / "warm.mp4")
    for turn in (1, 2):
        alone, *_ = annotate(source, "-o", folder / f"one{turn}")
        took, *_ = annotate(source, "-o", folder / f"two{turn}", "--workers", 2)
        print(
            f"one process {4 * 180 / alone:.1f} frames/s ({alone:.1f} s), two workers {4 * 180 / took:.1f} frames/s "
            f"({took:.1f} s): {alone / took:.2f}x",
            flush=True,
        )


def tiny(folder: Path) -> tuple[Path, tuple[str, str]]:
    """A clip of three frames, and a model that takes no time: what is left is everything around the work."""
    clip, model = clips.write_clip(folder / "tiny.mp4", 3), folder / "tiny.keras"
    models.flat(rescales=True).model.save(model)
    annotate(clip, "-o", folder / "warm.mp4", "-m", model)
    return clip, ("-m", str(model))


def scheduling(folder: Path, most: int) -> None:
    clip, model = tiny(folder)
    count = 1
    while count <= most:
        source = folder / f"in{count}"
        source.mkdir()
        for number in range(count):
            os.link(clip, source / f"{number:05d}.mp4")
        here, memory, _ = annotate(source, "-o", folder / f"here{count}", *model)
        two, _, _ = annotate(source, "-o", folder / f"two{count}", "--workers", 2, *model)
        again, _, _ = annotate(source, "-o", folder / f"here{count}", *model)
        print(
            f"{count:5d} clips of 3 frames: {here:6.2f} s in one process ({1e3 * here / count:7.1f} ms each), {two:6.2f} s in "
            f"two workers, {again:5.2f} s when all is done already; driver {memory:.0f} MB",
            flush=True,
        )
        count *= 10


def memory(folder: Path, most: int) -> None:
    clip, model = tiny(folder)
    for count in (10, most):
        source = folder / f"in{count}"
        source.mkdir()
        for number in range(count):
            os.link(clip, source / f"{number:05d}.mp4")
        _, peak, _ = annotate(source, "-o", folder / f"out{count}", "--workers", 2, *model)
        print(f"{count:5d} files listed: the driver of two workers takes {peak:.1f} MB at most", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("workers", "scheduling", "memory"))
    parser.add_argument("--most", type=int, default=1000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if asked.what == "workers":
            workers(Path(name))
        elif asked.what == "scheduling":
            scheduling(Path(name), asked.most)
        else:
            memory(Path(name), asked.most)


if __name__ == "__main__":
    main()
