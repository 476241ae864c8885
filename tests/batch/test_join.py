"""Parts that are joined are the whole."""

from __future__ import annotations

from makers import films
from makers.needs import need_module


def test_parts_make_what_the_whole_makes(film, whole, model, tmp_path):
    films.assert_equal(whole, films.annotate(film, tmp_path / "out", model, "--workers", "2", "--split", "6"))


def test_all_ways_to_run_cut_and_join_to_the_same_bytes(film, model, tmp_path):
    need_module("ray", "is the cluster")
    ways = {"workers": ("--workers", "2"), "shard": ("--shard", "1/1"), "ray": ("--ray",)}
    made = [films.annotate(film, tmp_path / name, model, "--split", "6", *way) for name, way in ways.items()]
    for name in ("film.mp4", "film.jsonl"):
        assert len({(folder / name).read_bytes() for folder in made}) == 1
