"""The table of kinds of output."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path

from streamcam import annotate_all
from streamcam.annotation.outputs import KINDS, Outputs


def test_every_kind_is_a_field_of_the_outputs_and_a_keyword_of_the_library():
    names = [kind.name for kind in KINDS]
    assert [field.name for field in fields(Outputs)] == ["media", *names, "probabilities"]
    assert set(names) < set(inspect.signature(annotate_all).parameters)
    assert len({kind.ending for kind in KINDS}) == len(KINDS)


def test_files_that_are_wanted_can_be_moved_together():
    outputs = Outputs(Path("a.mp4"), heatmaps=Path("a.h5"), probabilities=True)
    assert outputs.files == (Path("a.mp4"), Path("a.h5"))
    moved = outputs.moved(lambda path: "there" / path)
    assert moved == Outputs(Path("there/a.mp4"), heatmaps=Path("there/a.h5"), probabilities=True)
