"""The command that compares explainers and writes tables."""

from __future__ import annotations

import csv
import json

import cv2


def test_the_command_compares_and_writes_tables(cli, small_model, tmp_path, cat):
    cv2.imwrite(str(tmp_path / "cat.png"), cat)
    arguments = [
        "evaluate",
        "cat.png",
        "-m",
        small_model,
        "--method",
        "gradcam",
        "--method",
        "eigencam",
        "--frames",
        1,
        "--no-sanity",
    ]
    code, out, err = cli(*arguments, "--json", "t.json", "--csv", "t.csv")
    assert code == 0, err
    assert "gradcam conv_sum" in out
    assert "insertion" in out
    rows = json.loads((tmp_path / "t.json").read_text())
    assert [row["method"] for row in rows] == ["gradcam", "eigencam"]
    with (tmp_path / "t.csv").open() as file:
        assert [row["method"] for row in csv.DictReader(file)] == ["gradcam", "eigencam"]
    assert cli(*arguments, "--json", "t.json")[2].startswith("error: t.json: exists already")
