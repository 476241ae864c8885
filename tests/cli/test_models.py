"""``streamcam models`` and ``streamcam layers``."""

from __future__ import annotations

from makers import models

from streamcam.models.catalog import CATALOG


def test_layers_marks_the_default_target(cli, small_model):
    code, out, _ = cli("layers", small_model)
    assert code == 0
    assert next(line for line in out.splitlines() if "<- default target" in line).split()[:3] == [
        "conv_sum",
        "Add",
        "12x12",
    ]
    code, out, _ = cli("layers", "efficientnet-lite0")
    assert next(line for line in out.splitlines() if "<- default target" in line).split()[0] == "top_activation"


def test_models_are_listed(cli):
    code, out, _ = cli("models")
    assert code == 0
    assert len(out.splitlines()) == 1 + len(CATALOG)
    assert out.splitlines()[1].split()[0] == "efficientnet-lite0"


def test_layers_says_how_the_model_is_fed(cli, tmp_path):
    models.flat().model.save(tmp_path / "fed.keras")
    code, out, err = cli("layers", "fed.keras")
    assert code == 0
    assert [line.split(maxsplit=1)[1] for line in out.splitlines()[:4]] == [
        "48x48, rgb", "unit (guessed)", "native", "7: class 0, class 1, class 2, …",
    ]  # fmt: skip
    assert len(err.splitlines()) == 1
    assert "preprocessing guessed" in err
    assert "preprocess  lite (that of a known network)" in cli("layers", "efficientnet-lite0")[1]
