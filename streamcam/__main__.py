"""``python -m streamcam``."""

import os
import sys

# Python puts the current folder first on its module path. A file there that is called like a library is never run.
if not sys.flags.safe_path and sys.path and sys.path[0] == os.getcwd():  # noqa: PTH109 - pathlib is loaded later
    del sys.path[0]

from streamcam.cli import main

main()
