"""The command that compares explainers and writes tables."""

from __future__ import annotations

import csv
import json

import cv2
from makers.runs import streamcam


def test_the_command_compares_and_writes_tables(tmp_path, cat):
    cv2.imwrite(str(tmp_path / "cat.png"), cat)
    arguments = ["evaluate", "cat.png", "--method", "gradcam", "--method", "eigencam", "--frames", 1, "--no-sanity"]
    done = streamcam(*arguments, "--json", "t.json", "--csv", "t.csv", "--size", 96, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "gradcam top_activation" in done.stdout
    assert "insertion" in done.stdout
    rows = json.loads((tmp_path / "t.json").read_text())
    assert [row["method"] for row in rows] == ["gradcam", "eigencam"]
    with (tmp_path / "t.csv").open() as file:
        assert [row["method"] for row in csv.DictReader(file)] == ["gradcam", "eigencam"]
    assert streamcam(*arguments, "--json", "t.json", cwd=tmp_path).stderr.startswith("error: t.json: exists already")
