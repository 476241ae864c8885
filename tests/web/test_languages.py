"""The page's languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import streamcam
from streamcam.errors import OptionError
from streamcam.web.languages import languages


def test_languages_come_from_files(tmp_path):
    known = languages(None, 3)
    assert set(known) == {"en", "fr", "de"}
    folder = Path(streamcam.__file__).parent / "web" / "static" / "languages"
    keys = {path.stem: list(json.loads(path.read_text(encoding="utf-8"))) for path in folder.glob("*.json")}
    assert keys["fr"] == keys["de"] == keys["en"]
    (tmp_path / "it.json").write_text('{"name": "Italiano", "more": "Altro"}')
    (tmp_path / "it.labels.txt").write_text("uno\ndue\ntre\n")
    (tmp_path / "de.labels.txt").write_text("eins\nzwei\ndrei\n")
    known = languages(tmp_path, 3)
    assert known["it"].sentences["more"] == "Altro"
    assert known["it"].labels == ("uno", "due", "tre")
    assert known["de"].labels == ("eins", "zwei", "drei")
    with pytest.raises(OptionError, match="3 names"):
        languages(tmp_path, 4)
    (tmp_path / "it.json").write_text('{"nonsense": "x"}')
    with pytest.raises(OptionError, match="nonsense"):
        languages(tmp_path, 3)
