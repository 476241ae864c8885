"""The options of the live page and of exhibits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

_PAGE = "Page"
_EXHIBIT = "Exhibit"


@dataclass(frozen=True, slots=True)
class PageOptions:
    """Who may see it, and how."""

    host: Annotated[
        str,
        typer.Option(help="Address to listen on; 0.0.0.0 for everybody on the network.", rich_help_panel=_PAGE),
    ] = "127.0.0.1"
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free one.", rich_help_panel=_PAGE)] = 8000
    token: Annotated[
        str | None,
        typer.Option(
            envvar="STREAMCAM_TOKEN",
            help="The staff's secret. Give it by the variable: other users of the machine see command lines.",
            show_default="a new one each time",
            rich_help_panel=_PAGE,
        ),
    ] = None
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A further name that the page may be called by; repeat for several.",
            rich_help_panel=_PAGE,
        ),
    ] = None
    certfile: Annotated[Path | None, typer.Option(help="Certificate for HTTPS, PEM.", rich_help_panel=_PAGE)] = None
    keyfile: Annotated[Path | None, typer.Option(help="Its key, PEM.", rich_help_panel=_PAGE)] = None
    max_viewers: Annotated[int, typer.Option(min=1, help="At once.", rich_help_panel=_PAGE)] = 100
    bandwidth: Annotated[
        float,
        typer.Option(
            metavar="MB/S",
            min=0.1,
            help="For all viewers together; with many, each gets fewer pictures.",
            rich_help_panel=_PAGE,
        ),
    ] = 20.0
    quality: Annotated[int, typer.Option(min=10, max=100, help="Of the pictures, JPEG.", rich_help_panel=_PAGE)] = 80
    language: Annotated[str, typer.Option(help="en, fr, de, or one of --languages.", rich_help_panel=_PAGE)] = "en"
    languages: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Further languages: it.json with sentences, it.labels.txt with class names.",
            rich_help_panel=_PAGE,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class ExhibitOptions:
    """Running without anybody near."""

    kiosk: Annotated[
        bool,
        typer.Option(
            "--kiosk",
            help="Exhibit: attract people when nobody is there, wake on motion, go back to the curator's settings, "
            "go on after errors.",
            rich_help_panel=_EXHIBIT,
        ),
    ] = False
    attract: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="CLIP",
            help="Video for the time when nobody is there; repeat for several.",
            show_default="photographs of the package",
            rich_help_panel=_EXHIBIT,
        ),
    ] = None
    attract_after: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, help="Without motion.", rich_help_panel=_EXHIBIT)
    ] = 60.0
    idle_reset: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=1, help="Without a touch, to the curator's settings.", rich_help_panel=_EXHIBIT
        ),
    ] = 45.0
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LABEL|INDEX",
            help="A class that visitors may ask for; repeat.",
            rich_help_panel=_EXHIBIT,
            show_default="all",
        ),
    ] = None
    hours: Annotated[
        str | None,
        typer.Option(help="Opening hours: 'Mon-Fri 09:00-17:00, Sat 10-14'.", rich_help_panel=_EXHIBIT),
    ] = None
    settings: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="File that keeps what staff change, over restarts.", rich_help_panel=_EXHIBIT
        ),
    ] = None
    no_drift: Annotated[
        bool,
        typer.Option(
            "--no-drift", help="Let nothing on the page move slowly against burn-in.", rich_help_panel=_EXHIBIT
        ),
    ] = False
    print_unit: Annotated[
        bool,
        typer.Option(
            "--print-unit", help="Print a systemd unit that runs this very command, and end.", rich_help_panel=_EXHIBIT
        ),
    ] = False
