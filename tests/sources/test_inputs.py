"""Files, folders and globs, as people name them."""

from __future__ import annotations

import pytest

from streamcam.errors import SourceError
from streamcam.sources.inputs import files_of


def test_files_folders_and_globs(tmp_path):
    for name in ("b.mp4", "a.png", "x.txt", ".hidden.mp4", "b.cam.mp4", "deep/c.MOV", ".cache/d.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    def names(given):
        return [path.relative_to(tmp_path).as_posix() for path in files_of(given)]

    assert names(tmp_path) == ["a.png", "b.mp4", "deep/c.MOV"]
    assert names(str(tmp_path / "*.mp4")) == ["b.mp4"]
    assert names(str(tmp_path / "**" / "*.*")) == ["a.png", "b.mp4", "deep/c.MOV"]
    assert names(tmp_path / "x.txt") == ["x.txt"]
    with pytest.raises(SourceError, match="no video or image"):
        files_of(str(tmp_path / "*.webm"))
    (tmp_path / "none").mkdir()
    with pytest.raises(SourceError, match="no video or image in this folder"):
        files_of(tmp_path / "none")
