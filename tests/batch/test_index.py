"""The page about all files."""

from __future__ import annotations

import re
import shutil
import subprocess
from urllib.parse import unquote

from makers.needs import need_module
from makers.runs import call, command


def test_one_page_about_all_of_them_failures_first(originals, model, tmp_path):
    need_module("plotly", "draws the reports")
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(originals / "2", source / "a b")
    shutil.copy(originals / "broken" / "noise.mp4", source)
    call(source, "-o", out, "--report", tmp_path / "pages", "--workers", 2, model=model, code=1)
    page = (tmp_path / "pages" / "index.html").read_text()
    assert page.index("noise.mp4") < page.index("002.mp4")
    count = len(list((source / "a b").iterdir()))
    assert page.count("<figure>") == count
    assert len(list((tmp_path / "pages" / "thumbnails").glob("*.jpg"))) == count
    from urllib.parse import unquote

    for link in re.findall(r'(?:href|src)="([^"]+)"', page):
        assert (tmp_path / "pages" / unquote(link)).exists(), link


def test_shards_make_one_page_about_all_files(source, tiny_model, tmp_path):
    need_module("plotly", "draws the reports")
    (source / "bad.mp4").write_bytes(b"no film")
    out, pages = tmp_path / "out", tmp_path / "pages"
    for n in (1, 2):
        arguments = command(source, "-o", out, "--report", pages, "--shard", f"{n}/2", model=tiny_model)
        subprocess.run(arguments, capture_output=True, check=False, timeout=200)
    page = (pages / "index.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "4 files: 3 done, 1 failed" in page
    assert page.count("<figure>") == page.count("<img") == 3
    for link in re.findall(r'(?:href|src)="([^"]+)"', page):
        assert (pages / unquote(link)).exists(), link
