"""Inputs and outputs by URL: files by ``file://``, and a real S3 server on loopback."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from makers import clips
from makers.needs import need_module

from streamcam.batch.storage import url_of


@pytest.fixture(scope="module")
def model(tiny_model):
    return tiny_model


@pytest.fixture
def folder(tmp_path):
    """Two clips and one that is none."""
    source = tmp_path / "in"
    (source / "a").mkdir(parents=True)
    clips.write_clip(source / "a" / "one.mp4", 5)
    clips.write_clip(source / "two.mp4", 7)
    (source / "bad.mp4").write_bytes(b"no film")
    return source


@pytest.fixture(scope="module")
def s3():
    """A server that speaks S3, and a client of it."""
    need_module("moto.server", "is the storage")
    s3fs = need_module("s3fs", "speaks S3")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    end = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.1)
    environment = {
        "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    before = dict(os.environ)
    os.environ.update(environment)
    client = s3fs.S3FileSystem(
        endpoint_url=url, key="a", secret="b", use_listings_cache=False, skip_instance_cache=True
    )
    client.mkdir("films")
    yield client
    os.environ.clear()
    os.environ.update(before)
    server.kill()
    server.wait()


def annotate(*arguments, model, code):
    done = subprocess.run(
        [sys.executable, "-m", "streamcam", "annotate", *map(str, arguments), "-m", str(model)],
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("s3://bucket/a/b", "s3://bucket/a/b"),
        (Path("s3://bucket/a/b"), "s3://bucket/a/b"),
        (Path("file:///tmp/x"), "file:///tmp/x"),
        ("gs://b", "gs://b"),
        ("clips/a.mp4", None),
        (Path("/tmp/x"), None),
        (None, None),
        ("C:/films", None),
    ],
)
def test_urls_are_told_from_paths(given, url):
    assert url_of(given) == url


def test_by_file_urls_the_results_are_those_of_paths(folder, model, tmp_path):
    there = tmp_path / "there"
    arguments = [f"file://{folder}", "-o", f"file://{there}", "--records", f"file://{there}"]
    done = annotate(*arguments, model=model, code=1)
    assert f"file://{folder}/two.mp4 -> file://{there}/two.cam.mp4: 7 frames" in done.stdout
    assert f"file://{folder}/bad.mp4: not a video" in done.stderr
    annotate(folder, "-o", tmp_path / "here", model=model, code=1)
    for name in ("a/one.cam.mp4", "two.cam.mp4"):
        assert (there / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
    header = json.loads((there / "two.jsonl").read_text().splitlines()[0])
    assert header["source"] == f"file://{folder}/two.mp4"
    assert not list(there.rglob("*.part"))
    again = annotate(*arguments, model=model, code=1)
    assert "2 of 3 inputs done, 1 failed, 2 of them done before" in again.stderr
    assert again.stdout == ""
    single = annotate(f"file://{folder}/two.mp4", "-o", f"file://{tmp_path}/single.mp4", model=model, code=0)
    assert "single.mp4" in single.stdout
    assert (tmp_path / "single.mp4").read_bytes() == (there / "two.cam.mp4").read_bytes()
    refused = annotate(f"file://{folder}/two.mp4", "-o", f"file://{tmp_path}/single.mp4", model=model, code=1)
    assert f"file://{tmp_path}/single.mp4: exists already" in refused.stderr


def test_s3(folder, model, tmp_path, s3):
    s3.put(str(folder), "films/in", recursive=True)
    arguments = ["s3://films/in", "-o", "s3://films/out", "--workers", 2, "--report", "s3://films/pages"]
    done = annotate(*arguments, model=model, code=1)
    assert "s3://films/in/two.mp4 -> s3://films/out/two.cam.mp4: 7 frames" in done.stdout
    names = {name for name in s3.find("films/out") if "/.streamcam/" not in name}
    assert names == {"films/out/a/one.cam.mp4", "films/out/two.cam.mp4"}
    page = s3.cat("films/pages/index.html").decode()
    assert '<a href="../out/two.cam.mp4">s3://films/in/two.mp4</a>' in page
    assert page.count("<img") == 2
    for picture in re.findall(r'src="([^"]+)"', page):
        assert s3.cat(f"films/pages/{picture}")[:2] == b"\xff\xd8"
    assert not [name for name in s3.find("films/out") if name.endswith(".begun")]
    annotate(folder, "-o", tmp_path / "here", model=model, code=1)
    assert s3.cat("films/out/two.cam.mp4") == (tmp_path / "here" / "two.cam.mp4").read_bytes()
    again = annotate(*arguments, model=model, code=1)
    assert "2 of 3 inputs done, 1 failed, 2 of them done before" in again.stderr
    assert again.stdout.count("->") == 0
    [entry] = [name for name in s3.find("films/out/.streamcam") if b"in0/two.mp4" in s3.cat(name)]
    s3.rm(entry)  # as if the machine had been switched off before it was written
    s3.pipe(entry.replace(".json", ".begun"), b"")
    anew = annotate(*arguments, model=model, code=1)
    assert "2 of 3 inputs done, 1 failed, 1 of them done before" in anew.stderr
    s3.put(str(folder / "two.mp4"), "films/in/bad.mp4")  # mended
    mended = annotate(*arguments, model=model, code=0)
    assert "s3://films/in/bad.mp4 -> s3://films/out/bad.cam.mp4" in mended.stdout
    missing = annotate("s3://films/nothing", "-o", "s3://films/out", model=model, code=1)
    assert "s3://films/nothing: is not there" in missing.stderr


def test_storage_that_nobody_knows_is_refused(model, tmp_path):
    done = annotate("nosuch://bucket/x", "-o", tmp_path, model=model, code=1)
    assert "nosuch://bucket/x: no such kind of storage" in done.stderr
    done = annotate("s3://bucket/x", model=model, code=2)
    assert "--output" in done.stderr


def test_a_password_in_a_url_is_not_told(model, tmp_path):
    done = annotate("ftp://me:secret@127.0.0.1:1/x", "-o", tmp_path, model=model, code=1)
    assert "secret" not in done.stderr
    shutil.rmtree(tmp_path, ignore_errors=True)
