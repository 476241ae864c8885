"""The page's languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import streamcam
from streamcam.backends.load import load_classifier
from streamcam.errors import OptionError
from streamcam.settings import ModelSettings
from streamcam.web.languages import languages
from streamcam.web.offers import CHALLENGES, LEFT_OUT, TILES, indices


def test_languages_come_from_files(tmp_path):
    known = languages(None, ("a", "b", "c"))
    assert set(known) == {"en", "fr", "de"}
    folder = Path(streamcam.__file__).parent / "web" / "static" / "languages"
    keys = {path.stem: list(json.loads(path.read_text(encoding="utf-8"))) for path in folder.glob("*.json")}
    assert keys["fr"] == keys["de"] == keys["en"]
    (tmp_path / "it.json").write_text('{"name": "Italiano", "more": "Altro"}')
    (tmp_path / "it.labels.txt").write_text("uno\ndue\ntre\n")
    (tmp_path / "de.labels.txt").write_text("eins\nzwei\ndrei\n")
    known = languages(tmp_path, ("a", "b", "c"))
    assert known["it"].sentences["more"] == "Altro"
    assert known["it"].labels == ("uno", "due", "tre")
    assert known["de"].labels == ("eins", "zwei", "drei")
    with pytest.raises(OptionError, match="3 names"):
        languages(tmp_path, ("a", "b", "c", "d"))
    (tmp_path / "it.json").write_text('{"nonsense": "x"}')
    with pytest.raises(OptionError, match="nonsense"):
        languages(tmp_path, ("a", "b", "c"))


def test_common_things_have_names_in_the_packages_languages():
    labels = load_classifier(ModelSettings()).labels
    known = languages(None, labels)
    assert known["en"].labels is None  # the model's own
    for code, cat, cup in (("de", "Getigerte Katze", "Kaffeebecher"), ("fr", "chat tigré", "tasse à café")):
        names = dict(zip(labels, known[code].labels, strict=True))
        assert (names["tabby"], names["coffee mug"]) == (cat, cup)
        assert sum(names[label] != label for label in labels) >= 200
        assert len(set(names.values())) == len(labels)  # each class is told from the others
        assert all(names[label] for label in (*TILES, *CHALLENGES))
    assert languages(None, ("north", "south"))["de"].labels is None


def test_what_is_offered_exists():
    labels = load_classifier(ModelSettings()).labels
    for names in (TILES, CHALLENGES, LEFT_OUT):
        assert len(indices(names, labels)) == len(names) == len(set(names))
    assert not {*TILES, *CHALLENGES} & {*LEFT_OUT}
    drawings = (Path(streamcam.__file__).parent / "web" / "static" / "tiles.svg").read_text(encoding="utf-8")
    assert all(f'id="{name}"' in drawings for name in TILES)
    assert indices(TILES, ("Banana", "b")) == (0,)
