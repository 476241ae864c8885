"""The store on disk."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from streamcam import Cache
from streamcam.errors import StreamcamWarning


def test_entries_come_back_as_they_were(tmp_path):
    cache = Cache(tmp_path / "c")
    assert cache.get("a" * 32) is None
    cache.put("a" * 32, {"model": "m"}, {"x.bin": b"123"})
    facts, place = cache.get("a" * 32)
    assert facts == {"model": "m"}
    assert (place / "x.bin").read_bytes() == b"123"
    cache.put("a" * 32, {"model": "other"}, {})  # somebody was faster: theirs stays
    assert cache.get("a" * 32)[0] == {"model": "m"}
    [entry] = cache.entries()
    assert (entry.key, entry.facts) == ("a" * 32, {"model": "m"})
    assert cache.clear() == 1
    assert cache.entries() == []
    assert list((tmp_path / "c").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_only_the_owner_can_read_it(tmp_path):
    cache = Cache(tmp_path / "c")
    cache.put("a" * 32, {}, {"x": b"1"})
    assert (tmp_path / "c").stat().st_mode & 0o077 == 0
    assert (tmp_path / "c" / ("a" * 32)).stat().st_mode & 0o077 == 0


def test_it_stays_within_its_limit_and_drops_what_was_used_longest_ago(tmp_path):
    cache = Cache(tmp_path / "c", limit=3500)
    for i, key in enumerate("abc"):
        cache.put(key * 32, {"n": i}, {"x": bytes(1000)})
        os.utime(tmp_path / "c" / (key * 32) / "entry.json", (i, i))
    assert cache.get("a" * 32)  # used again
    cache.put("d" * 32, {}, {"x": bytes(1000)})
    assert {entry.key[0] for entry in cache.entries()} == {"a", "c", "d"}


def test_leftovers_of_killed_processes_go(tmp_path):
    cache = Cache(tmp_path / "c")
    cache.put("a" * 32, {}, {})
    old = tmp_path / "c" / ".draft-old"
    old.mkdir()
    long_ago = time.time() - 3 * 86_400
    os.utime(old, (long_ago, long_ago))
    (tmp_path / "c" / ".draft-new").mkdir()
    cache.put("b" * 32, {}, {})
    assert {p.name for p in Path(tmp_path / "c").glob(".draft-*")} == {".draft-new"}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
@pytest.mark.parametrize("mode", [0o777, 0o757, 0o1777])
def test_a_folder_that_others_can_write_to_is_not_used(tmp_path, monkeypatch, mode):
    folder = tmp_path / f"open-{mode:o}"
    folder.mkdir()
    folder.chmod(mode)
    monkeypatch.setenv("STREAMCAM_CACHE", str(folder))
    with pytest.warns(StreamcamWarning, match="can be written to by others, so what is kept there is not used"):
        cache = Cache()
    assert cache.folder != folder
    assert cache.folder.stat().st_mode & 0o777 == 0o700
    cache.put("a" * 32, {}, {"x": b"1"})
    assert not list(folder.iterdir())
    assert Cache().folder == cache.folder  # said once
    folder.chmod(0o700)
    assert Cache().folder == folder


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="only root can give a folder to another user")
def test_a_folder_of_another_user_is_not_used(tmp_path, monkeypatch):
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, 12345)
    monkeypatch.setenv("STREAMCAM_CACHE", str(folder))
    with pytest.warns(StreamcamWarning, match="belongs to another user"):
        assert Cache().folder != folder


def test_drafts_are_counted_and_cleared(tmp_path):
    cache = Cache(tmp_path)
    cache.put("a" * 32, {}, {"x": b"1"})
    (tmp_path / ".draft-left").mkdir()
    (tmp_path / ".draft-left" / "x").write_bytes(bytes(1000))
    assert cache.drafts() == (1, 1000)
    assert cache.clear() == 2
    assert (cache.drafts(), cache.entries()) == ((0, 0), [])
