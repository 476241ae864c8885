"""Whether two parts of a video fit."""

from __future__ import annotations

import numpy as np
from makers.heats import CORNERS, LABELS, heated

from streamcam.batch.edges import Border, Borders, PartEdges, fits
from streamcam.batch.split import FilePart
from streamcam.drawing.overlay import Overlay
from streamcam.types import Frame


def test_borders_must_agree_in_name_and_heat():
    def edge(name, heat):
        return Borders(Border(name, heat), Border(name, heat))

    here = edge((3, 0), [[[0.5, 1.0]]])
    assert fits(here, edge((3, 0), [[[0.5004, 1.0]]]))
    assert not fits(here, edge((3, 1), [[[0.5, 1.0]]]))
    assert not fits(here, edge((4, 0), [[[0.5, 1.0]]]))
    assert not fits(here, edge((3, 0), [[[0.51, 1.0]]]))
    assert not fits(here, edge((3, 0), [[[0.5]]]))
    assert not fits(here, Borders(None, None))
    assert not fits(here, Borders(Border((3, 0), [[[0.5, 1.0]]], corner=1), None))
    nothing = edge((3, 0), [[[0.0, 0.0]]])
    assert not fits(nothing, nothing)  # the scale may be another
    weak = edge((3, 0), [[[0.05, 0.1]]])
    assert fits(weak, edge((3, 0), [[[0.05, 0.10005]]]))
    assert not fits(weak, edge((3, 0), [[[0.05, 0.1005]]]))


def test_parts_must_write_into_the_same_corner(tmp_path):
    image = np.zeros((240, 320, 3), np.uint8)

    def film(begin, end, busy):
        for n in range(begin, end):
            yield (
                Frame(image, n, n / 30),
                heated(320, 240, CORNERS["upper left" if n in busy else "lower right"], index=n),
            )

    def edges(begin, first, end, busy):
        part = PartEdges(FilePart(first, end, begin, tmp_path, ()), [(0, 0)] * 500, Overlay(LABELS))
        assert len(list(part.observed(film(begin, end, busy)))) == end - begin
        return part.borders

    none, late = range(0), range(100, 170)
    assert fits(edges(0, 0, 200, none), edges(150, 200, 300, none))
    assert not fits(edges(0, 0, 200, late), edges(190, 200, 300, late))  # the panel has moved away, and is not back yet
    assert fits(edges(0, 0, 200, late), edges(50, 200, 300, late))
