"""Which libraries are loaded, and how."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from makers.needs import need_module

EXPLAIN = """
import numpy as np
from streamcam import GradCAM, load_model
explain = GradCAM(load_model({model!r}), cache=False, engine="tensorflow")
print(explain(np.zeros((48, 48, 3), np.uint8)).heatmaps.shape)
"""


@pytest.fixture
def explain(tiny_model):
    """A program that explains a picture."""
    return EXPLAIN.format(model=str(tiny_model))


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=clean | environment)


def test_keras_runs_on_tensorflow_whatever_the_environment_says(explain):
    done = python(explain, KERAS_BACKEND="torch")
    assert done.stdout.strip() == "(1, 12, 12)", done.stderr[-2000:]


def test_a_keras_that_runs_on_something_else_already_is_named_with_the_way_out(explain):
    need_module("torch", "another backend of Keras")
    done = python("import keras\n" + explain, KERAS_BACKEND="torch")
    last = done.stderr.strip().splitlines()[-1]
    assert "ModelError: Keras runs on torch in this process" in last
    assert "set KERAS_BACKEND=tensorflow" in last


def test_what_needs_openvino_works_without_it(tmp_path):
    """As on platforms for which it has no wheels."""
    hidden = "import importlib.util, sys\nfind = importlib.util.find_spec\n"
    hidden += "importlib.util.find_spec = lambda name, *more: None if name == 'openvino' else find(name, *more)\n"
    hidden += "sys.modules['openvino'] = None\n"
    code = hidden + (
        "from streamcam.diagnose.bench import machine\n"
        "from streamcam.diagnose.doctor import examine\n"
        "print(machine()['processor'] is not None, machine()['able'])\n"
        "print([f.what for f in examine() if f.subject == 'engine'])\n"
    )
    done = python(code)
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = done.stdout.strip().splitlines()[-2:]
    assert first == "True []"
    assert "OpenVINO is not installed; TensorFlow runs the models, slower" in second


def test_half_precision_where_tensorflow_runs_the_model_is_said(explain):
    hidden = "import importlib.util\nfind = importlib.util.find_spec\n"
    hidden += "importlib.util.find_spec = lambda name, *more: None if name == 'openvino' else find(name, *more)\n"
    done = python(hidden + explain.replace('engine="tensorflow"', 'precision="f16"'))
    assert "precision f16: TensorFlow runs the model here, and computes in f32" in done.stderr
    assert done.stdout.strip() == "(1, 12, 12)"
