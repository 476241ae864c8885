"""Models, layers and methods side by side, from Python."""

from __future__ import annotations

import cv2

from streamcam.evaluate.compare import evaluate_models
from streamcam.settings import ExplainSettings


def test_every_combination_is_a_row(tmp_path, tiny_model, cat):
    path = tmp_path / "cat.png"
    cv2.imwrite(str(path), cat)
    lines = []
    rows = evaluate_models(
        [path],
        models=[str(tiny_model)],
        methods=["gradcam", "eigencam"],
        layers=["conv_b", "conv_a+conv_sum"],
        explain=ExplainSettings(precision="f32"),
        frames=1,
        sanity=False,
        roi=["0,0,100,100"],
        progress=lines.append,
    )
    assert [(row.method, row.layer) for row in rows] == [
        ("gradcam", "conv_b"),
        ("gradcam", "conv_a+conv_sum"),
        ("eigencam", "conv_b"),
        ("eigencam", "conv_a+conv_sum"),
    ]
    assert all(row.sanity_all is None and 0 <= row.inside <= 1 for row in rows)
    assert any(line.startswith(f"{tiny_model} eigencam conv_b: ") for line in lines)
