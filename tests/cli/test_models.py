"""``streamcam models`` and ``streamcam layers``."""

from __future__ import annotations

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
