"""The store on disk."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from streamcam import Cache


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
