"""A model's own layers, from the modules that people name."""

from __future__ import annotations

import sys

import keras
import numpy as np
import pytest
from keras import layers
from typer.testing import CliRunner

from streamcam import load_model
from streamcam.backends.keras.files import load_model_file
from streamcam.backends.keras.imports import sources_of
from streamcam.cli.program import app
from streamcam.errors import ModelError, OptionError, UnsafeModelError

MODULE = """
import keras

class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x

@keras.saving.register_keras_serializable("mine")
class Tripled(keras.layers.Layer):
    def call(self, x):
        return 3 * x

def halved(x):
    return x / 2
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A module of somebody's, a model with its layers and its function in two files, and what it says of a picture."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "my_layers.py").write_text(MODULE)
    sys.path.insert(0, str(folder))
    import my_layers

    inputs = keras.Input((16, 16, 3))
    x = my_layers.Tripled()(my_layers.Doubled()(layers.Conv2D(4, 3, activation=my_layers.halved)(inputs)))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(x)))
    for ending in ("keras", "h5"):
        model.save(folder / f"own.{ending}")
    picture = np.random.default_rng(0).uniform(size=(1, 16, 16, 3)).astype(np.float32)
    yield folder, picture, np.asarray(model(picture))
    sys.path.remove(str(folder))


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5:UserWarning")
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_they_come_from_the_module_that_is_named(own, ending):
    folder, picture, expected = own
    again = load_model_file(folder / f"own.{ending}", imports=["my_layers"])
    np.testing.assert_array_equal(np.asarray(again(picture)), expected)


def test_without_it_what_is_missing_is_named(own):
    folder, _, _ = own
    with pytest.raises(UnsafeModelError, match="--import my_layers"):
        load_model_file(folder / "own.keras")
    with pytest.raises(UnsafeModelError, match="--import my_layers"):
        load_model_file(folder / "own.keras", imports=["json"])
    with pytest.raises(ModelError, match=r"uses (Doubled|halved),.*--import MODULE"):
        load_model_file(folder / "own.h5")
    with pytest.raises(OptionError, match="--import no_such_module"):
        load_model_file(folder / "own.h5", imports=["no_such_module"])


def test_a_class_that_was_written_in_a_notebook_is_found_by_its_name(own, tmp_path):
    _, picture, _ = own
    notebook = type("Doubled", (layers.Layer,), {"call": lambda self, x: 2 * x, "__module__": "__main__"})
    model = keras.Sequential([keras.Input((16, 16, 3)), notebook(), layers.Conv2D(2, 3), layers.GlobalMaxPooling2D()])
    model.save(tmp_path / "n.keras")
    again = load_model_file(tmp_path / "n.keras", imports=["my_layers"])
    np.testing.assert_array_equal(np.asarray(again(picture)), np.asarray(model(picture)))


@pytest.mark.filterwarnings("ignore::streamcam.errors.StreamcamWarning")
def test_what_is_kept_of_a_model_is_kept_for_this_state_of_the_module(own):
    folder, _, _ = own
    before = load_model(folder / "own.keras", imports=["my_layers"]).fingerprint
    (folder / "my_layers.py").write_text(f"{MODULE}# changed\n")
    assert load_model(folder / "own.keras", imports=["my_layers"]).fingerprint != before
    assert sources_of("keras.layers") == sources_of("keras")
    assert sources_of("no_such_module") == ""


def test_the_command_line_takes_modules(own):
    folder, _, _ = own
    result = CliRunner().invoke(app, ["layers", str(folder / "own.keras"), "--import", "my_layers"])
    assert result.exit_code == 0, result.output
    assert "doubled" in result.output
