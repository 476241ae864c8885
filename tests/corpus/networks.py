"""Loads damaged model files, 300 of each format: each must load, or be refused in one clear line.

    python tests/corpus/networks.py                     all; exit 1 when anything is wrong
    python tests/corpus/networks.py --only onnx --count 1000
    python tests/corpus/networks.py --only h5 --first 7       another seed
    python tests/corpus/networks.py --first 81 --count 1 --keep DIR
                                                        one of each, and keep them

The files are tiny networks with bits flipped, numbers and fields replaced, or cut off. What reads them runs in processes
of its own, so one that crashes shows as a refusal; the memory of these is watched.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from makers.hostile import damaged  # noqa: E402

_FORMATS = ("onnx", "tflite", "xml", "pb")
_KERAS = ("keras", "h5")  # read by Keras, in one process for all
_PATIENCE = 60.0  # seconds for one file
_MEMORY = 2e9  # bytes that a process may have taken


def originals(folder: Path) -> dict[str, Path]:
    """A whole file of each format."""
    import tensorflow as tf
    from makers import graphs, models

    from streamcam.backends.openvino.engine import core
    from streamcam.system.libraries import load_openvino

    graphs.onnx_classifier(folder / "whole.onnx", shape=("n", 3, "h", "w"), softmax=True)
    load_openvino().save_model(core().read_model(folder / "whole.onnx"), folder / "whole.xml")
    models.flat().model.export(folder / "whole", verbose=False)
    converted = tf.lite.TFLiteConverter.from_saved_model(str(folder / "whole")).convert()
    (folder / "whole.tflite").write_bytes(converted)
    shutil.copy(folder / "whole" / "saved_model.pb", folder / "whole.pb")
    return {ending: folder / f"whole.{ending}" for ending in _FORMATS}


def outcome(path: Path, whole: Path) -> str:
    """``loaded``, ``crashed``, ``refused``, or what is wrong."""
    from streamcam import load_model
    from streamcam.errors import ModelError

    if path.suffix == ".pb":  # in its folder, with the weights of the whole one
        folder = path.with_suffix("")
        shutil.copytree(whole.with_suffix(""), folder)
        shutil.copy(path, folder / "saved_model.pb")
        path = folder
    began = time.perf_counter()
    try:
        load_model(path, cache=False)
        came = "loaded"
    except ModelError as error:
        came = "crashed" if "crashes what reads it" in str(error) else "refused"
        if "\n" in str(error) or not re.match(rf"\S*{re.escape(path.name)}:", str(error)):
            came = f"unclear: {error}"
    except Exception as error:
        came = f"{type(error).__name__}: {error}"
    return came if time.perf_counter() - began < _PATIENCE else "slow"


def keras_outcomes(ending: str, count: int, seed: int) -> str:
    """How many Keras files were refused, the others loaded; or what is wrong."""
    command = [sys.executable, "-m", "makers.damage", ending, str(count), str(seed)]
    try:
        done = subprocess.run(
            command,
            cwd=Path(__file__).parents[1],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path[:2])},
            capture_output=True,
            text=True,
            timeout=_PATIENCE + 10 * count,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "slow"
    return done.stdout.strip() if done.returncode == 0 else f"ended with {done.returncode}: {done.stderr[-300:]}"


def main() -> int:
    """Load them all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=(*_FORMATS, *_KERAS))
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    wrong = 0
    for ending, whole in originals(folder).items():
        if options.only in (None, ending):
            files = list(damaged(whole, folder, range(options.first, options.first + options.count)))
            with ThreadPoolExecutor(2) as pool:
                came = Counter(pool.map(lambda path, whole=whole: outcome(path, whole), files))
            strange = {text: count for text, count in came.items() if text not in ("loaded", "crashed", "refused")}
            wrong += sum(strange.values())
            print(ending, dict(came), flush=True)
    for ending in _KERAS:
        if options.only in (None, ending):
            refused = keras_outcomes(ending, options.count, options.first)
            wrong += not refused.isdigit()
            print(ending, f"{refused} of {options.count} refused" if refused.isdigit() else refused, flush=True)
    if sys.platform != "win32":
        import resource

        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        print(f"the largest process took {most / 1e6:.0f} MB")
        wrong += most > _MEMORY
    if not options.keep:
        shutil.rmtree(folder)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
