"""Memory of ``streamcam annotate`` over a clip of ten seconds and one of ten minutes, with records and heatmaps.

    python tests/benchmarks/memory.py [--minutes 10]

Prints the peak of each whole process, and what the long one held along its way. The network's input is small, so that
18,000 frames take minutes; the frames themselves are 1280x720.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from makers import clips

RATE = 30
SIZE = "64"  # pixels, the short side of the network's input


def annotate(folder: Path, clip: Path) -> list[tuple[int, float]]:
    """Annotate a clip in a process of its own; its (frames done, resident megabytes), sampled."""
    records = folder / f"{clip.stem}.jsonl"
    part = records.with_name(f"{records.stem}.part{records.suffix}")
    command = [sys.executable, "-m", "streamcam", "annotate", str(clip), "-o", str(folder / f"{clip.stem}.cam.mp4")]
    command += ["--records", str(records), "--heatmaps", str(folder / f"{clip.stem}.h5"), "--size", SIZE]
    samples = []
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        child = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                memory = child.memory_info().rss / 1e6
                done = sum(1 for _ in part.open()) - 1 if part.exists() else 0
                samples.append((done, memory))
            except (psutil.NoSuchProcess, FileNotFoundError):
                break
            time.sleep(0.2)
    if process.returncode:
        raise SystemExit((folder / "log").read_text())
    return samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="of the long clip")
    minutes = parser.parse_args().minutes
    long = f"{minutes:g} min"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peaks = {}
        for title, seconds in (("10 s", 10), (long, round(60 * minutes))):
            clip = folder / f"{seconds}.mp4"
            clips.write_clip(clip, seconds * RATE, size=(1280, 720))
            samples = annotate(folder, clip)
            peaks[title] = max(memory for _, memory in samples)
            print(f"a clip of {title}: peak {peaks[title]:.0f} MB", flush=True)
        last = 0
        for done, memory in samples:
            if done >= last:
                print(f"  after {done:6d} frames: {memory:.0f} MB")
                last += 2000
        print(f"{long} over 10 s: {peaks[long] / peaks['10 s']:.2f}")


if __name__ == "__main__":
    main()
