"""Which options go together, in the words of the command line."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from streamcam.annotation.outputs import STDOUT
from streamcam.batch.jobs import Job
from streamcam.batch.settings import AnnotationSettings
from streamcam.batch.spool import STDIN
from streamcam.batch.storage import url_of
from streamcam.errors import OptionError
from streamcam.sources.inputs import is_folder


class CombinationError(OptionError):
    """Options that do not go together, or an option whose text cannot be read.

    Attributes:
        option: which, as on the command line.
        reason: what is wrong with it.
    """

    def __init__(self, option: str, reason: str) -> None:
        super().__init__(f"{option}: {reason}")
        self.option, self.reason = option, reason


def check_combinations(
    inputs: Sequence[str | Path],
    places: dict[str, str | Path | None],
    probabilities: bool,
    settings: AnnotationSettings,
    workers: int | None,
    shard: str | None,
    ray: str | None,
) -> None:
    """Raise ``CombinationError`` for options of ``annotate_all`` that do not go together."""
    if "" in inputs:  # a variable of the shell that is not set; as a path it would be the current folder
        raise CombinationError("INPUT", "one is empty; name a file, or . for the current folder")
    if places["output"] == "":
        raise CombinationError("--output", "is empty; name a file or a folder, or leave it out")
    if not settings.roi and settings.track:
        raise CombinationError("--track", "goes with --roi, the region")
    if not settings.roi and settings.alert_below is not None:
        raise CombinationError("--alert-below", "goes with --roi, the region")
    if probabilities and not places["heatmaps"]:
        raise CombinationError("--probabilities", "goes with --heatmaps, the file that holds them")
    if workers and ray:
        raise CombinationError("--workers", "does not go with --ray, which has workers of its own")
    if ray and Path(ray).exists():
        raise CombinationError("--ray", f"takes an address, and {ray} is a file or folder; end with --ray")
    by_url = any(map(url_of, [*inputs, *places.values()]))
    if by_url and ray not in (None, "local"):
        raise CombinationError("--ray", "takes paths that all machines of the cluster share, no URLs")
    if by_url and places["output"] is None:
        raise CombinationError("--output", "goes with inputs by URL: where the results go")
    _check_streams(inputs, places, ray)
    if places["output"] in (str(STDOUT), STDOUT):
        if len(inputs) != 1 or is_folder(inputs[0]):
            raise CombinationError("--output", "standard output, -, takes one video")
        if workers or shard or ray or places["report"]:
            raise CombinationError("--output", "standard output, -, goes with no --workers, --shard, --ray or --report")


def _check_streams(inputs: Sequence[str | Path], places: dict[str, str | Path | None], ray: str | None) -> None:
    if STDIN in inputs:
        if ray not in (None, "local"):
            raise CombinationError("--ray", "takes paths that all machines of the cluster share, no standard input")
        if places["output"] is None:
            raise CombinationError("--output", "goes with standard input: where the result goes")
        if [*inputs].count(STDIN) > 1:
            raise CombinationError("INPUT", "standard input, -, can be read once")


def shard_of(job: Job, folder: Path | None, count: int) -> int:
    """Which of so many shards a job belongs to: by its name, so that files that come later shift no others."""
    media = job.outputs.media
    name = media.relative_to(folder) if folder and media.is_relative_to(folder) else media
    return int.from_bytes(hashlib.sha256(os.fsencode(name.as_posix())).digest()[:8]) % count


def parse_shard(text: str) -> tuple[int, int]:
    """The number of a shard, from 0, and how many there are."""
    number, _, count = text.partition("/")
    if not (number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count)):
        raise CombinationError("--shard", "write it as 1/4, 2/4, 3/4, 4/4")
    return int(number) - 1, int(count)
