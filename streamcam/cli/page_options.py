"""The options of the live page and of exhibits."""

from __future__ import annotations

from typing import Annotated

import typer

from streamcam.cli.grouping import OptionGroup, off, option
from streamcam.settings import ExhibitSettings, PageSettings

_EXHIBIT = "Exhibit"

PAGE = OptionGroup(
    PageSettings(),
    "Page",
    host=option(help="Address to listen on; 0.0.0.0 for everybody on the network."),
    port=option(min=0, max=65535, help="0 for any free one."),
    token=option(
        envvar="STREAMCAM_TOKEN",
        help="The staff's secret. Give it by the variable: other users of the machine see command lines.",
        show_default="a new one each time",
    ),
    allow_host=option(metavar="NAME", help="A further name that the page may be called by; repeat for several."),
    proxy=option(
        metavar="ADDRESS", help="Of a proxy before the page, whose word on who asks is taken; repeat for several."
    ),
    certfile=option(help="Certificate for HTTPS, PEM."),
    keyfile=option(help="Its key, PEM."),
    max_viewers=option(min=1, help="At once."),
    per_address=option(
        min=0,
        help="Connections of one address that have not said yet who they are.",
        show_default="50 more than viewers",
    ),
    fail_after=option(metavar="SECONDS", min=1, help="Without the camera until /health says failing, and answers 503."),
    bandwidth=option(metavar="MB/S", min=0.1, help="For all viewers together; with many, each gets fewer pictures."),
    quality=option(min=10, max=100, help="Of the pictures, JPEG."),
    cameras=option(min=0, help="Visitors' own cameras that are looked at at once.", show_default="one a core"),
    turn=option(metavar="SECONDS", min=5, help="Of each visitor's own camera, while others wait."),
    viewers=option(help="open: whoever can reach the page may look; key: only who has a key."),
    mjpeg=off("--no-mjpeg", help="No plain pictures at /stream.mjpg."),
    language=option(help="en, fr, de, or one of --languages."),
    languages=option(
        metavar="FOLDER", help="Further languages: it.json with sentences, it.labels.txt with class names."
    ),
)

EXHIBIT = OptionGroup(
    ExhibitSettings(),
    _EXHIBIT,
    kiosk=option(
        "--kiosk",
        help="Exhibit: attract people when nobody is there, wake on motion, go back to the curator's settings, "
        "go on after errors.",
    ),
    attract=option(
        metavar="CLIP",
        help="Video for the time when nobody is there; repeat for several.",
        show_default="photographs of the package",
    ),
    attract_after=option(metavar="SECONDS", min=1, help="Without motion."),
    idle_reset=option(metavar="SECONDS", min=1, help="Without a touch, to the curator's settings."),
    allow=option(metavar="LABEL|INDEX", help="A class that visitors may ask for; repeat.", show_default="all"),
    hours=option(help="Opening hours: 'Mon-Fri 09:00-17:00, Sat 10-14'."),
    settings=option(metavar="PATH", help="File that keeps what staff change, over restarts."),
    drift=off("--no-drift", help="Let nothing on the page move slowly against burn-in."),
)

PrintUnit = Annotated[
    bool,
    typer.Option(
        "--print-unit", help="Print a systemd unit that runs this very command, and end.", rich_help_panel=_EXHIBIT
    ),
]
