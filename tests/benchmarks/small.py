"""Runs every benchmark small, to see that it still runs and prints what it promises. Its figures mean nothing.

    python tests/benchmarks/small.py                    all
    python tests/benchmarks/small.py batch peers        some
    python tests/benchmarks/small.py --but int8         all but some

What a script needs beyond the test dependencies must be installed; ``peers.py`` is tried with streamcam and the notebook.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

# Arguments, and what the output must hold.
SCRIPTS: dict[str, tuple[list[str], str]] = {
    "against_notebook": (["--small"], "times as fast"),
    "batch": (["scheduling", "--most", "4"], "driver"),
    "certainty": ([], "| strength | 0.9"),
    "clips": (["speed", "--rounds", "11"], "times the cost of one frame"),
    "crowd": (["doors", "--connections", "100", "--seconds", "2"], "/health: at most"),
    "every": (["--frames", "24"], "still"),
    "exhibit": (["switch"], "two classes compared: "),
    "int8": (["--small", "efficientnet-lite0"], "| efficientnet-lite0 |"),
    "kinds": (["--only", "HDF5"], "| HDF5 named `.keras` | openvino |"),
    "lite": ([], "efficientnet-lite1: "),
    "live": (["clock", "--minutes", "0.1"], "ms"),
    "memory": (["--minutes", "0.25"], "over 10 s"),
    "models": (["mobilenet_v3_small"], "| mobilenet_v3_small | openvino |"),
    "one_line": (["--rounds", "5", "--starts", "1"], "times the engine's time"),
    "peers": (["--small"], "streamcam"),
    "pointing": (["--frames", "4"], "| hirescam | block5c_add+top_activation |"),
    "photographs": (["--count", "4"], "4 photographs: empty cache"),
}


def run(name: str) -> bool:
    """Run one; whether it ended well."""
    arguments, promised = SCRIPTS[name]
    began = time.monotonic()
    script = Path(__file__).with_name(f"{name}.py")
    done = subprocess.run([sys.executable, str(script), *arguments], capture_output=True, text=True, check=False)
    is_good = done.returncode == 0 and promised in done.stdout
    print(f"{name}: {'runs' if is_good else 'fails'}, {time.monotonic() - began:.0f} s", flush=True)
    if not is_good:
        print(done.stdout[-1000:], done.stderr[-2000:], sep="\n", flush=True)
    return is_good


def main() -> int:
    """Run them all, or those that are named."""
    others = {path.stem for path in Path(__file__).parent.glob("*.py")} - {"small", "notebook"}
    missing = others - set(SCRIPTS)
    if missing:
        print(f"not known here: {', '.join(sorted(missing))}")
    match sys.argv[1:]:
        case ["--but", *left_out]:
            wanted = [name for name in SCRIPTS if name not in left_out]
        case named:
            wanted = named or list(SCRIPTS)
    results = [run(name) for name in wanted]
    return 0 if all(results) and not missing else 1


if __name__ == "__main__":
    sys.exit(main())
