"""Settings and messages as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from streamcam.settings import ExhibitSettings, ExplainSettings, ModelSettings
from streamcam.system.wire import from_json, to_json


@dataclass(frozen=True, slots=True)
class Message:
    path: Path
    spans: tuple[tuple[float, float], ...]
    model: ModelSettings
    other: Path | None = None


@pytest.mark.parametrize(
    "value",
    [
        Message(Path("a b/ü.mp4"), ((0.0, 1.5),), ModelSettings(labels="x")),
        Message(Path("/videos/\udcff.mp4"), (), ModelSettings(), Path("b")),
        ExplainSettings(targets=("tiger", 3), layer=("a", "b"), size=96),
        ExhibitSettings(attract=(Path("clip.mp4"),), hours="Mon 10-12"),
    ],
)
def test_what_is_sent_comes_back_equal(value):
    text = to_json(value)
    assert "\n" not in text
    assert from_json(text, type(value)) == value


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"method": "none"}', '{"size": "large"}', '{"threads": 1.5}', '{"targets": 3}']
)
def test_what_is_not_of_the_kind_is_refused(text):
    with pytest.raises(ValueError, match=r"Expect|Object|Invalid"):
        from_json(text, ExplainSettings)
