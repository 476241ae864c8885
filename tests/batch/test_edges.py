"""Whether two parts of a video fit."""

from __future__ import annotations

from streamcam.batch.edges import Border, Borders, fits


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
    nothing = edge((3, 0), [[[0.0, 0.0]]])
    assert not fits(nothing, nothing)  # the scale may be another
    weak = edge((3, 0), [[[0.05, 0.1]]])
    assert fits(weak, edge((3, 0), [[[0.05, 0.10005]]]))
    assert not fits(weak, edge((3, 0), [[[0.05, 0.1005]]]))
