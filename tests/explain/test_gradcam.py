"""The explainer against a plain eager computation, and the promises it makes."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from makers import models

from streamcam import Frame, GradCAM, VideoSource, load_model, wrap_model
from streamcam.errors import LayerError, ModelError, OptionError, StreamcamWarning, TargetError
from streamcam.explain.build import Builder, Recipe, Settings
from streamcam.explain.engines import cpu_precisions
from streamcam.explain.geometry import view_of
from streamcam.explain.precision import LEAST_CORRELATION, compare, correlation, views
from streamcam.models.preprocessing import PREPROCESSINGS
from streamcam.types import Region

RAW = PREPROCESSINGS["none"]


def exact(model, **options) -> GradCAM:
    """An explainer in full precision, so that its numbers can be compared."""
    return GradCAM(model, **{"precision": "f32"} | options)


def image(height: int = models.SIDE, width: int = models.SIDE, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def as_input(bgr: np.ndarray, scale: float = 1.0) -> np.ndarray:
    return bgr[None, ..., ::-1].astype(np.float32) * np.float32(scale)


def assert_same_map(actual: np.ndarray, expected: np.ndarray) -> None:
    assert expected.max() > 0, "the test says nothing on a map without evidence"
    np.testing.assert_allclose(actual, expected, atol=1e-4 * expected.max(), rtol=0)


@pytest.mark.parametrize("engine", ["openvino", "tensorflow"])
@pytest.mark.parametrize("score", ["logit", "probability"])
@pytest.mark.parametrize("kind", models.SPECIMENS)
def test_agrees_with_plain_eager_code_for_every_class(kind, score, engine):
    specimen = models.SPECIMENS[kind]()
    # Scaled to 0…1: raw pixels would drive the softmax to exactly 1, where a probability has no gradient.
    classifier = wrap_model(specimen.model, preprocessing=PREPROCESSINGS["unit"], input_size=(models.SIDE, models.SIDE))
    explain = exact(classifier, layer=specimen.layer, score=score, targets=range(models.CLASSES), engine=engine)
    seen = 0
    for seed in range(3):
        picture = image(seed=seed)
        explanation = explain(picture)
        _, _, probabilities = specimen.eager(tf.constant(as_input(picture, 1 / 255)))
        np.testing.assert_allclose(explanation.probabilities, probabilities[0], atol=1e-5)
        np.testing.assert_array_equal(explanation.classes, range(models.CLASSES))
        np.testing.assert_array_equal(explanation.scores, explanation.probabilities)
        for index in range(models.CLASSES):
            expected = models.eager_gradcam(specimen.eager, as_input(picture, 1 / 255), index, score)
            assert explanation.heatmaps[index].shape == expected.shape
            if expected.max() > 0:
                assert_same_map(explanation.heatmaps[index], expected)
                seen += 1
            else:
                assert explanation.heatmaps[index].max() == 0
    assert seen >= models.CLASSES
    assert (explain.engine, explain.precision) == (engine, "f32")


@pytest.mark.parametrize("engine", ["openvino", "tensorflow"])
@pytest.mark.parametrize("score", ["logit", "probability"])
def test_agrees_with_plain_eager_code_for_resnet50(cat, score, engine):
    classifier = load_model("resnet50", weights="none")
    model = classifier.model
    top = model.layers[-1]
    whole = keras.Model(model.inputs, [model.get_layer("conv5_block3_out").output, top.input, model.output])

    def eager(x):
        activations, pooled, probabilities = whole(x)
        return activations, pooled @ top.kernel + top.bias, probabilities

    explain = exact(classifier, fit="stretch", targets=("top1", "top2", "top3"), score=score, engine=engine)
    picture = np.ascontiguousarray(cat[:224, :224]) // 4 + 80  # little contrast, so that no probability is exactly 1
    explanation = explain(picture)
    x = picture[None].astype(np.float32) - [103.939, 116.779, 123.68]
    assert explain.layer == "conv5_block3_out"
    for index, heatmap in zip(explanation.classes, explanation.heatmaps, strict=True):
        assert_same_map(heatmap, models.eager_gradcam(eager, x, int(index), score))


def test_native_fit_agrees_with_plain_eager_code_on_a_wide_frame():
    specimen = models.flat()
    explain = exact(wrap_model(specimen.model, preprocessing=RAW), targets=("top1",))
    picture = image(models.SIDE, 2 * models.SIDE)
    explanation = explain(picture)
    free = keras.models.clone_model(specimen.model, input_tensors=keras.Input((None, None, 3)))
    free.set_weights(specimen.model.get_weights())
    whole = keras.Model(free.inputs, [free.get_layer("conv_sum").output, free.get_layer("logits").output, free.output])
    expected = models.eager_gradcam(lambda x: tuple(whole(x)), as_input(picture), int(explanation.classes[0]), "logit")
    assert explanation.heatmaps.shape == (1, 12, 24)
    assert_same_map(explanation.heatmaps[0], expected)


def test_compiles_once_for_500_frames_and_50_class_switches():
    explain = exact(wrap_model(models.flat().model, preprocessing=RAW))
    wanted = [("top1",), ("top2",), ("class 3",), (5,)]
    for i in range(500):
        explanation = explain(image(seed=i % 7), targets=wanted[i // 10 % 4])
    assert explanation.heatmaps.shape == (1, 12, 12)
    assert explain.trace_count == 1


def test_compiles_again_only_for_another_shape_or_number_of_classes():
    explain = exact(wrap_model(models.flat().model, preprocessing=RAW))
    for shape, targets, traces in [
        ((48, 48), 1, 1),
        ((96, 96), 1, 1),
        ((48, 96), 1, 2),
        ((48, 48), 2, 3),
        ((48, 48), 1, 3),
    ]:
        explain(image(*shape), targets=list(range(targets)))
        assert explain.trace_count == traces


def test_ranks_follow_the_probabilities():
    explain = exact(wrap_model(models.flat().model, preprocessing=RAW), targets=("top1", "top2", "TOP7"))
    explanation = explain(image())
    order = np.argsort(-explanation.probabilities)
    np.testing.assert_array_equal(explanation.classes, order[[0, 1, 6]])
    assert [index for index, _ in explanation.top(3)] == list(order[:3])


@pytest.mark.parametrize("score", ["logit", "probability"])
def test_mixed_precision_gives_float32_maps_near_the_full_precision_ones(score):
    full = models.flat().model
    policy = keras.dtype_policies.DTypePolicy("mixed_float16")
    config = full.get_config()
    for layer in config["layers"]:
        layer["config"]["dtype"] = policy if layer["class_name"] != "InputLayer" else "float32"
    half = keras.Model.from_config(config)
    half.set_weights(full.get_weights())
    picture = image()
    maps = [
        exact(wrap_model(model, preprocessing=PREPROCESSINGS["unit"]), score=score, targets=(2, 3))(picture).heatmaps
        for model in (full, half)
    ]
    assert maps[1].dtype == np.float32
    assert maps[0].max() > 0
    np.testing.assert_allclose(maps[1], maps[0], atol=0.02 * maps[0].max())


def test_no_positive_evidence_is_a_zero_map():
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(2, 3, activation="relu", kernel_initializer="ones")(inputs)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(2, kernel_initializer=keras.initializers.Constant(-1.0), activation="softmax")(x)
    explanation = exact(wrap_model(keras.Model(inputs, x), preprocessing=RAW), targets=(0, 1))(image(16, 16))
    assert (explanation.heatmaps == 0).all()
    black = exact(wrap_model(keras.Model(inputs, x), preprocessing=RAW))(np.zeros((16, 16, 3), np.uint8))
    assert (black.heatmaps == 0).all()
    assert np.isfinite(black.probabilities).all()


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_one_output_is_read_as_no_and_yes(activation):
    keras.utils.set_random_seed(3)
    inputs = keras.Input((32, 32, 3))
    conv = layers.Conv2D(6, 3, strides=2, activation="relu")
    dense = layers.Dense(1, activation=activation)
    model = keras.Model(inputs, dense(layers.GlobalAveragePooling2D()(conv(inputs))))
    explain = exact(wrap_model(model, labels=("cat", "dog"), preprocessing=RAW), targets=("cat", "dog"))
    picture = image(32, 32)
    explanation = explain(picture)

    def eager(x):
        features = conv(x)
        logit = tf.reduce_mean(features, axis=(1, 2)) @ dense.kernel + dense.bias
        logits = tf.concat([-logit, logit], axis=-1)
        return features, logits, tf.concat([1 - tf.sigmoid(logit), tf.sigmoid(logit)], axis=-1)

    np.testing.assert_allclose(explanation.probabilities, eager(as_input(picture))[2][0], atol=1e-6)
    maps = [models.eager_gradcam(eager, as_input(picture), i, "logit") for i in range(2)]
    assert max(m.max() for m in maps) > 0
    np.testing.assert_allclose(explanation.heatmaps, maps, atol=1e-4 * max(m.max() for m in maps))


def test_output_without_softmax_is_read_as_logits():
    keras.utils.set_random_seed(4)
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(6, 3, strides=2, activation="relu")(inputs)
    model = keras.Model(inputs, layers.Dense(4)(layers.GlobalAveragePooling2D()(x)))
    explanation = exact(wrap_model(model, preprocessing=RAW))(image(32, 32))
    expected = tf.nn.softmax(model(as_input(image(32, 32))))[0]
    np.testing.assert_allclose(explanation.probabilities, expected, atol=1e-6)


def test_a_model_that_openvino_cannot_convert_runs_in_tensorflow_and_that_is_said():
    inputs = keras.Input((28, 28, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(inputs)
    x = layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(layers.MaxPooling2D(2)(x)))
    classifier = wrap_model(keras.Model(inputs, x), preprocessing=RAW)  # OpenVINO has no gradient of pooling by maximum
    explain = exact(classifier, layer="conv")
    with pytest.warns(StreamcamWarning, match=r"MaxPoolGrad.*TensorFlow runs it"):
        explanation = explain(image(28, 28))
    assert explain.engine == "tensorflow"
    assert explanation.heatmaps.shape == (1, 28, 28)
    with pytest.raises(ModelError, match="--engine tensorflow"):
        exact(classifier, layer="conv", engine="openvino")(image(28, 28))


@pytest.mark.parametrize(
    "activation", ["relu", "relu6", "sigmoid", "tanh", "elu", "leaky_relu", "softplus", "silu", "gelu", "selu"]
)
def test_gradients_through_activations_are_tensorflows_own(activation):
    keras.utils.set_random_seed(8)
    inputs = keras.Input((32, 32, 3))
    tapped = layers.Conv2D(6, 3, strides=2, name="tapped")(inputs)
    x = layers.Conv2D(6, 3, activation=activation)(tapped)
    x = layers.LayerNormalization()(layers.Dense(5, activation=activation)(layers.GlobalAveragePooling2D()(x)))
    logits = layers.Dense(4)(x)
    model = keras.Model(inputs, layers.Softmax()(logits))
    whole = keras.Model(inputs, [tapped, logits, model.output])
    explain = exact(
        wrap_model(model, preprocessing=PREPROCESSINGS["unit"]), layer="tapped", targets=range(4), engine="openvino"
    )
    explanation = explain(image(32, 32))
    expected = [
        models.eager_gradcam(lambda x: tuple(whole(x)), as_input(image(32, 32), 1 / 255), i, "logit") for i in range(4)
    ]
    assert max(m.max() for m in expected) > 0
    np.testing.assert_allclose(explanation.heatmaps, expected, atol=1e-4 * max(m.max() for m in expected))


def average_of_two_heads(scale=1.0):
    keras.utils.set_random_seed(6)
    inputs = keras.Input((32, 32, 3))
    conv = layers.Conv2D(6, 3, strides=2, activation="relu", name="conv")
    pooled = layers.GlobalAveragePooling2D()(conv(layers.Rescaling(scale)(inputs)))
    heads = [layers.Dense(4, activation="softmax")(pooled) for _ in range(2)]
    return keras.Model(inputs, layers.Average()(heads))


def test_probabilities_that_do_not_end_in_a_softmax_stay_what_they_are():
    model = average_of_two_heads(1 / 255)
    explanation = exact(wrap_model(model, preprocessing=RAW), engine="tensorflow")(image(32, 32))
    np.testing.assert_allclose(explanation.probabilities, model(as_input(image(32, 32)))[0], atol=1e-5)
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(6, 3, strides=2, activation="relu")(inputs)
    x = layers.Dense(4, activation="softmax")(layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(x)))
    reshaped = keras.Model(inputs, layers.Reshape((4,))(layers.Reshape((2, 2))(x)))
    explanation = exact(wrap_model(reshaped, preprocessing=RAW))(image(32, 32))
    np.testing.assert_allclose(explanation.probabilities, reshaped(as_input(image(32, 32)))[0], atol=1e-5)


def test_a_pooling_window_that_covers_its_map_is_no_reason_to_refuse():
    inputs = keras.Input((28, 28, 3))
    x = inputs
    for filters in (4, 8, 8):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.Flatten()(layers.MaxPooling2D(2)(x))))
    assert exact(wrap_model(model, preprocessing=RAW), fit="stretch", engine="tensorflow")(
        image(28, 28)
    ).heatmaps.shape == (1, 3, 3)


def test_the_tokens_of_an_attention_layer_are_no_map():
    inputs = keras.Input((64, 64, 3))
    x = layers.Conv2D(16, 8, strides=8, name="patch")(inputs)
    tokens = layers.Reshape((64, 16))(x)
    x = layers.GlobalAveragePooling1D()(layers.MultiHeadAttention(2, 8)(tokens, tokens))
    explain = exact(
        wrap_model(keras.Model(inputs, layers.Dense(2, activation="softmax")(x)), preprocessing=RAW),
        fit="stretch",
        engine="tensorflow",
    )
    assert explain(image(64, 64)).heatmaps.shape == (1, 8, 8)
    assert explain.layer == "patch"


# --- engines, precision and frames in flight


@pytest.mark.parametrize("fit", ["native", "stretch", "crop"])
@pytest.mark.parametrize("score", ["logit", "probability"])
def test_both_engines_give_the_same(bundled, cat, score, fit):
    answers = [
        exact(bundled, engine=engine, score=score, fit=fit, targets=("top1", "espresso"))(cat)
        for engine in ("openvino", "tensorflow")
    ]
    for a, b in zip(answers[0].heatmaps, answers[1].heatmaps, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3 * b.max())
    np.testing.assert_allclose(answers[0].probabilities, answers[1].probabilities, atol=1e-5)
    np.testing.assert_array_equal(answers[0].classes, answers[1].classes)
    assert answers[0].region == answers[1].region


@pytest.mark.filterwarnings("ignore:precision f16|precision bf16")  # where the processor has only the other
@pytest.mark.parametrize("precision", ["auto", "bf16", "f16"])
def test_half_precision_keeps_the_explanation(bundled, precision, cat, coffee, sample):
    """The promise of `--precision auto`, and that of the processor's half precision if it is asked for."""
    explain = GradCAM(bundled, precision=precision)
    reference = exact(bundled)
    with VideoSource(sample) as source:
        pictures = [cat, coffee, *(frame.image for frame in source if frame.index % 12 == 0)]
    agreements = []
    for picture in pictures:
        expected = reference(picture)
        actual = explain(picture, targets=[int(expected.classes[0])])
        assert correlation(expected.heatmaps[0], actual.heatmaps[0]) >= 0.99
        agreements.append(actual.top(1)[0][0] == expected.top(1)[0][0])
    assert np.mean(agreements) >= 0.98


def test_a_precision_that_the_processor_lacks_is_said():
    lacking = [p for p in ("f16", "bf16") if p not in cpu_precisions()]
    model = wrap_model(models.flat().model, preprocessing=RAW)
    for precision in lacking:
        explain = GradCAM(model, precision=precision)
        with pytest.warns(StreamcamWarning, match=f"precision {precision}"):
            explain(image())
        assert explain.precision != precision
    with pytest.raises(OptionError, match="f32"):
        GradCAM(model, engine="tensorflow", precision="bf16")


def test_precision_is_refused_where_it_changes_the_explanation():
    class Wrong:
        """The reference, with its map turned around: an engine that computes something else."""

        def __init__(self, engine):
            self.start = lambda image, targets: lambda: self._turned(*engine.start(image, targets)())

        @staticmethod
        def _turned(heatmaps, probabilities, classes):
            return heatmaps[:, ::-1], probabilities, classes

    reference = Builder(Settings(precision="f32"))
    recipe = Recipe(
        wrap_model(models.flat().model, preprocessing=PREPROCESSINGS["unit"]), None, "gradcam", "logit", (48, 48), 1
    )
    engine, _ = reference.build(recipe)
    same = compare(engine, engine, views(48, 48))
    assert same.correlation == pytest.approx(1)
    assert same.agreement == 1
    assert compare(engine, Wrong(engine), views(48, 48)).correlation < LEAST_CORRELATION


@pytest.mark.parametrize("in_flight", [1, 2, 5])
@pytest.mark.parametrize("every", [1, 3, 7])
def test_streaming_keeps_order_and_carries_explanations(in_flight, every):
    classifier = wrap_model(models.flat().model, preprocessing=RAW)
    explain, single = exact(classifier, in_flight=in_flight), exact(classifier)
    frames = [Frame(image(seed=i), i, i / 30) for i in range(23)]
    streamed = list(explain.stream(iter(frames), every=every))
    assert [frame.index for frame, _ in streamed] == list(range(23))
    for frame, explanation in streamed:
        origin = frame.index - frame.index % every
        assert explanation.index == origin
        np.testing.assert_allclose(explanation.heatmaps, single(frames[origin]).heatmaps, rtol=1e-3, atol=1e-4)


def test_a_stream_can_be_left_early():
    explain = exact(wrap_model(models.flat().model, preprocessing=RAW), in_flight=2)
    for _ in range(20):  # more often than there are requests: each must come back
        stream = explain.stream(Frame(image(seed=i), i, 0.0) for i in range(9))
        next(stream)
        stream.close()
    assert len(list(explain.stream([Frame(image(), 0, 0.0)]))) == 1


def test_threads_can_be_set():
    assert exact(wrap_model(models.flat().model, preprocessing=RAW), threads=1)(image()).heatmaps.shape == (1, 12, 12)


def test_gray_models_see_luma():
    inputs = keras.Input((16, 16, 1))
    x = layers.Conv2D(2, 3, activation="relu", kernel_initializer="ones")(inputs)
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(x)))
    picture = image(16, 16)
    explanation = exact(wrap_model(model, preprocessing=RAW))(picture)
    luma = (picture @ np.array([0.114, 0.587, 0.299]))[None, ..., None]
    np.testing.assert_allclose(explanation.probabilities, model(luma)[0], atol=1e-4)


def test_the_callers_model_is_left_as_it_was():
    model = models.nested().model
    weights = [w.copy() for w in model.get_weights()]
    call = keras.layers.Layer.__call__
    before = {layer.name: dict(vars(layer)) for layer in [model, *model.layers]}
    spec = model.input_spec
    exact(wrap_model(model, preprocessing=RAW))(image(models.SIDE, 3 * models.SIDE))
    assert keras.layers.Layer.__call__ is call
    for layer in [model, *model.layers]:
        assert vars(layer).keys() == before[layer.name].keys()
    assert [s.shape for s in model.input_spec] == [s.shape for s in spec]
    for old, new in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    with pytest.raises(ValueError, match="incompatible"):
        model(np.zeros((1, 10, 10, 3)))


def test_a_model_that_cannot_widen_falls_back_to_stretch_and_says_so():
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(4, 3, strides=2, activation="relu")(inputs)
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.Flatten()(x)))
    explain = exact(wrap_model(model, preprocessing=RAW))
    with pytest.warns(StreamcamWarning, match="stretch"):
        explanation = explain(image(32, 64))
    assert explain.fit == "stretch"
    assert explanation.heatmaps.shape == (1, 15, 15)
    explain(image(64, 32))  # said once


def test_a_fixed_pooling_window_is_not_taken_for_global_pooling():
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(4, 4, strides=4, activation="relu")(inputs)
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    explain = exact(
        wrap_model(keras.Model(inputs, layers.Dense(3, activation="softmax")(x)), preprocessing=RAW),
        engine="tensorflow",
    )
    with pytest.warns(StreamcamWarning, match="8x8 window"):
        explain(image(32, 56))


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (2000, 3), (31, 57), (480, 640), (1080, 1920)])
@pytest.mark.parametrize("fit", ["native", "stretch", "crop"])
def test_frames_of_any_size(shape, fit):
    explanation = exact(wrap_model(models.flat().model, preprocessing=RAW), fit=fit)(image(*shape))
    r = explanation.region
    assert 0 <= r.x0 < r.x1 <= shape[1]
    assert 0 <= r.y0 < r.y1 <= shape[0]
    assert np.isfinite(explanation.heatmaps).all()


def test_geometry():
    size = (224, 224)
    view = view_of((720, 1280), "native", size, 32)
    assert (view.height, view.width) == (224, 384)
    assert view.region == Region(0, 0, 1280, 720)
    assert (view_of((1280, 720), "native", size, 32).height, view_of((1280, 720), "native", size, 32).width) == (
        384,
        224,
    )
    assert view_of((720, 1280), "crop", size, 32).region == Region(280, 0, 1000, 720)
    assert (view_of((720, 1280), "stretch", size, 32).height, view_of((720, 1280), "stretch", size, 32).width) == size


def test_size_sets_the_short_side():
    explain = exact(wrap_model(models.flat().model, preprocessing=RAW), size=96)
    assert explain(image(100, 100)).heatmaps.shape == (1, 24, 24)


def test_a_keras_model_can_be_given_as_it_is():
    explanation = exact(models.sequential().model)(image())
    assert explanation.heatmaps.shape[0] == 1


def test_targets_that_do_not_exist_name_the_nearest(bundled):
    with pytest.raises(TargetError, match="tiger"):
        exact(bundled, targets=("tigger",))
    with pytest.raises(TargetError, match="0 to 999"):
        exact(bundled, targets=(1000,))
    with pytest.raises(TargetError, match="top1 to top1000"):
        exact(bundled, targets=("top1001",))
    with pytest.raises(TargetError, match="index: 0, 1"):
        exact(wrap_model(models.flat().model, labels=("a", "A", *"bcdef")), targets=("a",))
    with pytest.raises(TargetError, match="no class"):
        exact(bundled, targets=())


def test_labels_are_found_in_any_case(bundled):
    assert exact(bundled, targets=("egyptian CAT", "285", 285))._targets[:, 0].tolist() == [285, 285, 285]


def test_a_wrong_layer_lists_the_nearest():
    explain = exact(wrap_model(models.nested().model, preprocessing=RAW), layer="backbone/inner_d")
    with pytest.raises(LayerError, match=r"backbone/inner_[abc]"):
        explain(image())
    assert exact(wrap_model(models.nested().model, preprocessing=RAW), layer="inner_b")(image()).heatmaps.shape == (
        1,
        12,
        12,
    )


def test_a_layer_beside_the_way_to_the_score_is_refused():
    inputs = keras.Input((32, 32, 3))
    side = layers.Conv2D(2, 3, name="side")(inputs)
    x = layers.Conv2D(2, 3, name="main")(inputs)
    score = layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    whole = keras.Model(inputs, [score, side])

    class Both(keras.Model):
        def call(self, x):
            return whole(x)[0]

    with pytest.raises(LayerError, match="does not depend"):
        exact(wrap_model(Both(), preprocessing=RAW, input_size=(32, 32)), layer="side")(image(32, 32))


def test_a_model_without_spatial_layers_is_refused():
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten(), layers.Dense(2, activation="softmax")])
    with pytest.raises(LayerError, match="no layer has a spatial map"):
        wrap_model(model)


def test_a_backbone_without_a_head_is_refused():
    inputs = keras.Input((32, 32, 3))
    with pytest.raises(ModelError, match="without its head"):
        wrap_model(keras.Model(inputs, layers.Conv2D(2, 3)(inputs)))


def test_a_call_inside_a_tf_function_is_explained_too():
    class Wrapped(models.Subclassed):
        @tf.function
        def call(self, x):
            return super().call(x)

    plain, wrapped = models.subclassed().model, Wrapped()
    wrapped(np.zeros((1, 48, 48, 3), np.float32))
    wrapped.set_weights(plain.get_weights())
    maps = [
        exact(wrap_model(m, preprocessing=RAW, input_size=(48, 48)), targets=(3,))(image()).heatmaps
        for m in (plain, wrapped)
    ]
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-4 * maps[0].max())
    assert not tf.config.functions_run_eagerly()


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_what_is_no_image_is_refused(bad):
    with pytest.raises(OptionError, match=r"\(H, W, 3\) uint8"):
        exact(wrap_model(models.flat().model, preprocessing=RAW))(bad)


@pytest.mark.parametrize("option", [{"fit": "huge"}, {"score": "x"}, {"method": "x"}, {"engine": "x"}, {"size": 2}])
def test_unknown_settings_are_refused(option):
    with pytest.raises(OptionError, match=next(iter(option))):
        exact(wrap_model(models.flat().model), **option)
