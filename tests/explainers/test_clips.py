"""Video classifiers: what is said of a clip, against Keras' own layers and an eager tape."""

from __future__ import annotations

import numpy as np
import pytest
from makers import video_models
from makers.video_models import ALL, FRAMES, SIDE, eager

from streamcam import GradCAM, wrap_model
from streamcam.errors import ModelError, OptionError, StreamcamWarning
from streamcam.explainers.clips import ClipGradCAM
from streamcam.explainers.make import make_explainer
from streamcam.models.preprocessing import PREPROCESSINGS
from streamcam.settings import ExplainSettings
from streamcam.types import Frame


def clip_of(seed=3, frames=FRAMES, side=SIDE):
    return np.random.default_rng(seed).integers(0, 256, (frames, side, side, 3), np.uint8)


def wrapped(model):
    classifier = wrap_model(model.model, preprocessing=PREPROCESSINGS["unit"])
    return classifier.with_frames(FRAMES) if classifier.clip.is_free else classifier


@pytest.mark.parametrize("engine", ["tensorflow", "openvino"])
@pytest.mark.parametrize("name", ALL)
def test_maps_are_those_of_an_eager_tape(name, engine):
    model, clip = ALL[name](), clip_of()
    rgb = clip[..., ::-1].astype(np.float32) / 255
    expected = model.model(rgb[np.newaxis], training=False).numpy()[0]
    explain = ClipGradCAM(wrapped(model), engine=engine, precision="f32", layer=model.layer)
    seen = [explain.see(Frame(picture, index, index / 30)) for index, picture in enumerate(clip)]
    index = int(expected.argmax())
    for count, method in enumerate(("gradcam", "hirescam", "layercam"), start=1):
        reference = eager(model, rgb, index, method)
        for targets in (None, [index], None):
            said = explain.start_clip(seen, targets, method)()
            np.testing.assert_allclose(said.probabilities, expected, atol=1e-5)
            assert said.heatmaps.shape == (1, *model.grid)
            np.testing.assert_allclose(said.heatmaps[0], reference, atol=1e-4 * max(reference.max(), 1e-6))
        assert explain.trace_count == count  # once a formula, whatever is asked
    assert explain.engine == engine


@pytest.mark.parametrize("name", ["lstm", "attention over time", "conv3d"])
def test_a_frame_is_computed_once_where_the_network_looks_at_it_by_itself(name):
    explain = ClipGradCAM(wrapped(ALL[name]()), engine="openvino", precision="f32")
    pictures = clip_of(frames=FRAMES + 6)
    seen = [explain.see(Frame(picture, index, index / 30)) for index, picture in enumerate(pictures)]
    explain.start_clip(seen[:FRAMES])()
    engine = explain._latest
    assert (engine.encode is None) == (name == "conv3d")
    if engine.encode is None:
        return
    encode, count = engine.encode, 0

    def counted(picture):
        nonlocal count
        count += 1
        return encode(picture)

    engine.encode = counted
    sliding = [explain.start_clip(seen[first : first + FRAMES])() for first in range(1, 7)]
    assert count == 6
    for first, said in enumerate(sliding, start=1):
        alone = explain.explain_clip(pictures[first : first + FRAMES])
        np.testing.assert_allclose(said.heatmaps, alone.heatmaps, atol=1e-5 * alone.heatmaps.max())
        np.testing.assert_allclose(said.probabilities, alone.probabilities, atol=1e-6)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_from_a_file_and_again_from_the_cache(tmp_path, ending):
    from streamcam import load_model

    model, clip = ALL["lstm"](), clip_of()
    path = tmp_path / f"video{ending}"
    model.model.save(path)
    said = [
        ClipGradCAM(load_model(path, preprocess="unit"), precision="f32").explain_clip(clip).heatmaps for _ in range(2)
    ]
    rgb = clip[..., ::-1].astype(np.float32) / 255
    reference = eager(model, rgb, int(model.model(rgb[None]).numpy().argmax()), "gradcam")
    for maps in said:
        np.testing.assert_allclose(maps[0], reference, atol=1e-4 * reference.max())


@pytest.mark.parametrize("head", ["mean", "gru"])
def test_where_only_the_middle_third_decides_the_evidence_lies_there(head):
    explain = ClipGradCAM(deciding_by_the_middle(head), precision="f32", layer="seen")
    for seed in range(4):
        clip = np.full((12, SIDE, SIDE, 3), 40, np.uint8)
        x, y = np.random.default_rng(seed).integers(0, SIDE - 12, 2)
        clip[4:8, y : y + 12, x : x + 12] = (0, 0, 230)  # red
        said = explain.explain_clip(clip, ["yes"])
        assert said.scores[0] > 0.8
        assert said.shares[0, 4:8].sum() >= 0.7
        assert said.shares[0].sum() == pytest.approx(1, abs=1e-5)


def deciding_by_the_middle(head):
    """A model that says yes to something red, and with a recurrent layer only to red in the middle third."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    image = keras.Input((SIDE, SIDE, 3))
    red = layers.Conv2D(1, 1, activation="relu", name="red")(image)
    seen = layers.AveragePooling2D(4, name="seen")(red)
    frame = keras.Model(image, layers.GlobalAveragePooling2D()(seen), name="frame")
    frame.get_layer("red").set_weights([np.array([[[[1.0], [-0.5], [-0.5]]]], np.float32), np.zeros(1, np.float32)])
    amounts = keras.Input((12, 1))
    x = layers.Rescaling(10.0)(amounts)
    x = layers.GlobalAveragePooling1D()(x) if head == "mean" else layers.GRU(8)(x)
    decide = keras.Model(amounts, layers.Dense(2, activation="softmax")(x), name="decide")
    random = np.random.default_rng(0)
    shown, thirds = np.zeros((900, 12, 1), np.float32), random.integers(0, 4, 900)
    for row, third in zip(shown, thirds, strict=True):
        if third < 3:
            row[4 * third : 4 * third + 4] = random.uniform(0.05, 0.2)
    wanted = (thirds < 3 if head == "mean" else thirds == 1).astype(int)
    decide.compile("adam", "sparse_categorical_crossentropy")
    decide.optimizer.learning_rate = 0.02
    decide.fit(shown, wanted, epochs=40, batch_size=64, verbose=0)
    clip = keras.Input((12, SIDE, SIDE, 3))
    model = keras.Model(clip, decide(layers.TimeDistributed(frame, name="frames")(clip)))
    return wrap_model(model, labels=("no", "yes"), preprocessing=PREPROCESSINGS["unit"])


@pytest.mark.parametrize(
    ("name", "layer", "steps"),
    [
        ("lstm", "body/frames/frame/conv2d_1", 8),
        ("conv3d", "head/average_pooling3d", 2),
        ("conv lstm", "body/conv_lstm2d", 8),  # what follows has no time any more
    ],
)
def test_the_target_is_the_last_map_over_space_and_time(name, layer, steps):
    explain = ClipGradCAM(wrapped(ALL[name]()), precision="f32")
    said = explain.explain_clip(clip_of())
    assert explain.layer.rstrip("_0123456789") == layer.rstrip("_0123456789")
    assert said.heatmaps.shape[1] == steps


def test_time_steps_are_spread_over_the_frames_that_they_were_made_of():
    model = ALL["conv3d"]()
    explain = ClipGradCAM(wrapped(model), precision="f32", layer=model.layer)
    said = explain.explain_clip(clip_of())
    assert said.heatmaps.shape[1] == 4
    assert said.steps.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    shares = said.heatmaps[0].sum(axis=(1, 2)) / said.heatmaps.sum()
    np.testing.assert_allclose(said.shares[0], np.repeat(shares / 2, 2), atol=1e-6)


def test_what_does_not_fit_is_refused_in_one_line():
    fixed, free = wrap_model(ALL["lstm"]().model), wrap_model(ALL["conv2+1d"]().model)
    with pytest.raises(ModelError, match="takes clips of 8 frames only, not of 12"):
        make_explainer(ExplainSettings(clip_frames=12), fixed)
    assert make_explainer(ExplainSettings(clip_frames=12), free).sampling.frames == 12
    assert free.frames == 16
    for settings, reason in (
        (ExplainSettings(clip_hop=9), "clip-hop 9: must be 1 to 8"),
        (ExplainSettings(clip_stride=2, clip_fps=5), "give one of them"),
        (ExplainSettings(clip_fps=-1), "clip-fps -1"),
        (ExplainSettings(check=True), "check: "),
    ):
        with pytest.raises(OptionError, match=reason):
            make_explainer(settings, fixed)
    with pytest.raises(OptionError, match="looks at clips; use ClipGradCAM"):
        GradCAM(fixed)
    with pytest.raises(OptionError, match="a clip is 8 pictures of one size, not 5"):
        ClipGradCAM(fixed).explain_clip(clip_of(frames=5))


def test_a_model_for_one_shape_gets_the_whole_frame_squeezed_into_it():
    model = ALL["tubelets"]()  # the number of its tokens is fixed
    explain = ClipGradCAM(wrapped(model), precision="f32")
    wide = clip_of(side=40)[:, :, np.arange(60) % 40]
    with pytest.warns(StreamcamWarning, match="stretched to 32x32"):
        said = explain.explain_clip(wide)
    again = explain.explain_clip(wide)
    assert said.heatmaps.shape == (1, *model.grid)
    assert (said.region.x1, said.region.y1) == (60, 40)
    np.testing.assert_allclose(
        again.probabilities, said.probabilities, atol=0.05
    )  # squeezed at once, rather than twice


def test_what_a_classifier_of_single_pictures_has_no_use_for_is_refused(tiny_model):
    from streamcam import load_model

    with pytest.raises(OptionError, match=r"clip-stride 2: .* looks at single pictures"):
        make_explainer(ExplainSettings(clip_stride=2), load_model(tiny_model))


@pytest.mark.parametrize(("shape", "reason"), [((8, 32, 32, 4), "1 or 3"), ((8, 32, 32, 2), "1 or 3")])
def test_wrong_channels_are_named(shape, reason):
    import keras
    from keras import layers

    clip = keras.Input(shape)
    x = layers.GlobalAveragePooling3D()(layers.Conv3D(4, 3)(clip))
    with pytest.raises(ModelError, match=reason):
        wrap_model(keras.Model(clip, layers.Dense(3)(x)))


def test_a_decision_for_each_frame_is_no_decision_about_the_clip():
    import keras
    from keras import layers

    clip = keras.Input((FRAMES, SIDE, SIDE, 3))
    x = video_models.pooled(video_models.per_frame(clip))
    with pytest.raises(ModelError, match=r"gives output of shape \(1, 8, 5\)"):
        wrap_model(keras.Model(clip, layers.Dense(5)(x)))


def test_maps_that_are_empty_prove_nothing_of_frames_by_themselves():
    import keras
    from keras import layers

    def body(x):
        nothing = keras.initializers.Constant(-9)
        return layers.Conv3D(4, 3, padding="same", activation="relu", bias_initializer=nothing)(x)

    model = video_models.made(body, lambda x: layers.GlobalAveragePooling3D()(x))
    explain = ClipGradCAM(wrapped(model), engine="openvino", precision="f32")
    assert explain.explain_clip(clip_of()).heatmaps.max() == 0
    assert explain._latest.encode is None  # it looks at three frames at once, which no empty map shows
