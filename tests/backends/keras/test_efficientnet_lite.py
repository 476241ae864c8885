"""The bundled model."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from makers import varied
from makers.explainers import exact

import streamcam.backends.weights.bundled as lite
from streamcam.errors import ModelError


def test_the_bundled_model_knows_its_photographs(bundled, cat, coffee):
    explain = exact(bundled, fit="stretch")
    for picture, label, score in [(cat, "Egyptian cat", 0.785), (coffee, "espresso", 0.917)]:
        [(index, probability)] = explain(picture).top(1)
        assert bundled.labels[index] == label
        assert probability == pytest.approx(score, abs=0.02)


def test_damaged_bundled_weights_are_noticed(monkeypatch):
    monkeypatch.setattr(lite, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="damaged"):
        lite.read_bundled_weights()


def test_the_weights_are_read_without_tensorflow():
    code = (
        "import sys\nfrom streamcam.backends.weights.bundled import bundled_arrays\n"
        "arrays = bundled_arrays()\nassert {str(a.dtype) for a in arrays.values()} == {'float32'}\n"
        "print(sum(a.size for a in arrays.values()), {'tensorflow', 'keras'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "4631000 set()\n"


def test_sixteen_bits_say_what_the_original_weights_say(bundled):
    """On 36 pictures: no probability of the five highest moves by more than 0.001."""
    classes, expected = varied.reference()
    found = np.take_along_axis(varied.probabilities(bundled.network.model), classes, axis=1)
    assert len(found) >= 30
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)
