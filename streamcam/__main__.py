"""``python -m streamcam``."""

from streamcam.cli import main

main()
