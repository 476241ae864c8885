"""What is found out about a Keras model, and which models are refused."""

from __future__ import annotations

import inspect
import sys

import keras
import pytest
from keras import layers
from makers import models
from makers.explainers import RAW

from streamcam import GradCAM, load_model, wrap_model
from streamcam.backends.keras.wrap import Feeding, find_preprocessing
from streamcam.errors import LayerError, ModelError, OptionError, StreamcamWarning
from streamcam.models.preprocessing import PREPROCESSINGS


def test_preprocessing_is_guessed_and_can_be_set(tmp_path):
    assert find_preprocessing(models.sequential().model).preprocessing.name == "none"  # it rescales itself
    assert find_preprocessing(models.flat().model).preprocessing.name == "unit"
    inputs = keras.Input((64, 64, 3))
    scaled = keras.Model(inputs, layers.Conv2D(2, 3)(inputs / 255.0))
    assert find_preprocessing(scaled).preprocessing.name == "none"
    models.flat().model.save(tmp_path / "m.keras")
    told = load_model(tmp_path / "m.keras", preprocess="torch-bgr")
    assert (told.preprocessing.name, told.preprocessing.order, told.preprocess_from) == ("torch-bgr", "bgr", "option")
    assert told.assumed == ()
    with pytest.raises(OptionError, match="choose one of"):
        load_model(tmp_path / "m.keras", preprocess="magic")


def test_preprocessing_inside_the_model_is_not_done_twice():
    inputs = keras.Input((64, 64, 3))
    x = keras.applications.resnet50.preprocess_input(inputs)
    x = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(64, 64, 3))(x)
    assert find_preprocessing(keras.Model(inputs, x)).preprocessing.name == "none"
    whole = keras.Input((64, 64, 3), dtype="uint8")
    assert find_preprocessing(keras.Model(whole, layers.Conv2D(2, 3)(whole))).preprocessing.name == "none"


def test_binary_labels_are_two():
    inputs = keras.Input((16, 16, 3))
    x = layers.Dense(1, activation="sigmoid")(layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(inputs)))
    assert wrap_model(keras.Model(inputs, x)).labels == ("class 0", "class 1")


def test_a_model_without_spatial_layers_is_refused():
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten(), layers.Dense(2, activation="softmax")])
    with pytest.raises(LayerError, match="no layer has a spatial map"):
        wrap_model(model)


def test_a_backbone_without_a_head_is_refused():
    inputs = keras.Input((32, 32, 3))
    with pytest.raises(ModelError, match="without its head"):
        wrap_model(keras.Model(inputs, layers.Conv2D(2, 3)(inputs)))


def test_what_is_guessed_is_said_once_with_the_way_to_change_it(tmp_path):
    path = tmp_path / "guessed.keras"
    models.flat().model.save(path)
    with pytest.warns(
        StreamcamWarning, match=r"guessed\.keras: preprocessing guessed: .*--preprocess none\|unit"
    ) as said:
        first = load_model(path)
    again = load_model(path)  # of which the cache knows
    assert len(said) == 1
    assert (first.preprocess_from, again.preprocess_from) == ("guess", "guess")
    assert first.assumed == again.assumed != ()
    assert GradCAM(first).describe()["preprocess"] == "unit"
    assert GradCAM(first).describe()["preprocess_from"] == "guess"
    assert load_model().assumed == wrap_model(models.sequential().model).assumed == ()
    assert (load_model().preprocess_from, wrap_model(models.sequential().model).preprocess_from) == ("name", "model")


def small_network(name, monkeypatch):
    """A base of ``keras.applications`` as Keras builds it, with fewer blocks where that takes long."""
    factory = getattr(keras.applications, name)
    module = sys.modules[inspect.unwrap(factory).__module__]
    given = {"include_top": False, "weights": None, "input_shape": (75, 75, 3)}
    if name == "DenseNet121":
        return module.DenseNet([1, 1, 1, 1], **given)
    if name == "NASNetMobile":
        return module.NASNet((64, 64, 3), 1056, 1, include_top=False, weights=None, default_size=224)
    blocks = {
        "ResNet50": "stack_residual_blocks_v1",
        "ResNet50V2": "stack_residual_blocks_v2",
        "InceptionResNetV2": "inception_resnet_block",
    }
    if name in blocks:
        home = sys.modules[keras.applications.ResNet50.__module__] if name == "ResNet50V2" else module
        original, calls = getattr(home, blocks[name]), []

        def first_only(x, *args, **kwargs):
            calls.append(x)
            return original(x, *args, **kwargs) if len(calls) == 1 else x

        monkeypatch.setattr(home, blocks[name], first_only)
    return factory(**given)


FAMILIES = {
    "VGG16": "caffe", "ResNet50": "caffe", "ResNet50V2": "tf", "InceptionV3": "tf", "InceptionResNetV2": "tf",
    "Xception": "tf", "DenseNet121": "torch", "MobileNet": "tf", "MobileNetV2": "tf", "NASNetMobile": "tf",
}  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_a_known_network_is_told_by_its_layers_and_by_its_name(name, monkeypatch):
    base = small_network(name, monkeypatch)
    flat = keras.Model(base.input, layers.Dense(2)(layers.GlobalAveragePooling2D()(base.output)))
    told = find_preprocessing(flat)
    assert (told.preprocessing.name, told.origin) == (FAMILIES[name], "name")
    assert "known by its layers" in told.assumed
    base.name = name.lower()
    inner = keras.Input(base.input_shape[1:])
    for nested in (keras.Sequential([base, layers.Dense(2)]), keras.Model(inner, base(inner))):
        assert find_preprocessing(nested) == Feeding(PREPROCESSINGS[FAMILIES[name]], "name")


def test_layers_that_are_merely_called_alike_tell_no_network():
    inputs = keras.Input((32, 32, 3))
    x = inputs
    for block in (1, 2, 3):
        x = layers.Conv2D(8, 3, name=f"block{block}_conv1")(x)
    assert find_preprocessing(keras.Model(inputs, x)).origin == "guess"


def test_a_known_network_whose_scaling_was_left_out_is_fed_what_that_would_give():
    bare = keras.applications.MobileNetV3Small(
        include_top=False, weights=None, input_shape=(64, 64, 3), include_preprocessing=False
    )
    assert find_preprocessing(keras.Sequential([bare])).preprocessing.name == "tf"


def test_one_linear_output_is_said_and_labels_confirm_it():
    def model(name):
        inputs = keras.Input((16, 16, 3))
        x = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(inputs))
        return keras.Model(inputs, layers.Dense(1, name=name)(x))

    with pytest.warns(StreamcamWarning, match="one linear output, read as yes or no by its sign"):
        assert len(wrap_model(model("score"), name="linear").labels) == 2
    assert not wrap_model(model("other"), preprocessing=RAW, labels=("no", "yes")).assumed
    with pytest.raises(ModelError, match="named age, a quantity and no classes"):
        wrap_model(model("age"))
    assert not wrap_model(model("price"), output="price", preprocessing=RAW, labels=("cheap", "dear")).assumed


def teachable_machine(name="expanded_conv_depthwise", side=224):
    """The structure of its exports, with next to nothing inside."""
    inputs = keras.Input((side, side, 3))
    x = layers.DepthwiseConv2D(3, strides=4, name=name)(layers.Conv2D(2, 3, strides=4, name="Conv1")(inputs))
    x = layers.Conv2D(2, 1, name="expanded_conv_project")(x)
    features = keras.Sequential([keras.Model(inputs, x, name="model1"), layers.GlobalAveragePooling2D()])
    head = keras.Sequential([layers.Dense(4, activation="relu"), layers.Dense(2, activation="softmax")])
    return keras.Sequential([keras.Input((side, side, 3)), features, head], name="sequential_4")


@pytest.mark.filterwarnings("ignore:.*known by its layers")
def test_an_export_of_teachable_machine_is_fed_the_centre_square(tmp_path):
    teachable_machine().save(tmp_path / "keras_model.keras")
    for _ in range(2):  # read, and from the cache
        classifier = load_model(tmp_path / "keras_model.keras")
        assert (classifier.fit, classifier.preprocessing.name, classifier.fixed_size) == ("crop", "tf", False)
    for other in (teachable_machine("other"), teachable_machine(side=96), models.nested().model):
        assert wrap_model(other).fit == "native"
