"""The command that compares explainers and writes tables."""

from __future__ import annotations

import csv
import json

import cv2

from streamcam import load_model
from streamcam.evaluate.compare import candidates, evaluate_models, recommended


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


def test_a_method_and_a_layer_are_recommended(tmp_path, coffee, cli, bundled):
    cv2.imwrite(str(tmp_path / "coffee.png"), cv2.resize(coffee, (320, 240)))
    layers = candidates("efficientnet-lite0")
    last, finer, both = layers
    assert last == "top_activation"
    assert finer == "block5c_add"
    assert both == f"{finer}+{last}"
    shapes = {layer.path: layer.shape for layer in load_model().network.layers(bundled)}
    assert shapes[finer][0] == 2 * shapes[last][0]
    code, out, err = cli("evaluate", "coffee.png", "--recommend", "--frames", "1", "--json", "t.json")
    assert code == 0, err
    rows = evaluate_models(
        [tmp_path / "coffee.png"],
        methods=("gradcam", "hirescam", "layercam"), layers=layers, frames=1, sanity=False,
    )  # fmt: skip
    best = recommended(rows)
    assert f"use --method {best.method}" in out
    assert all(f"--layer {path}" in out for path in best.layer.split("+"))
    assert cli("evaluate", "coffee.png", "--recommend", "-m", "a", "-m", "b")[0] == 2
