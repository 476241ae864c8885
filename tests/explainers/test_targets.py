"""Classes as people write them, and those that do not exist."""

from __future__ import annotations

import numpy as np
import pytest
from makers import models
from makers.explainers import RAW, as_input, assert_same_map, exact, image

from streamcam import GradCAM, wrap_model
from streamcam.backends.recipe import SIMILAR
from streamcam.errors import TargetError
from streamcam.explainers.targets import NO_CLASS, ranks_of, resolve_targets
from streamcam.models.labels import imagenet_labels
from streamcam.types import RIVALS_OF


def test_targets_are_read_as_people_write_them():
    labels = ("cat", "tiger cat", "not a cat", "dog", "a vs b")
    resolved = resolve_targets(("cat VS dog", "not cat", "not a cat", "a vs b", "top2 rather than 0"), labels).tolist()
    assert resolved == [[0, 3, 1], [0, NO_CLASS, -1], [2, NO_CLASS, 1], [4, NO_CLASS, 1], [-2, 0, 1]]
    assert resolve_targets(("cat vs similar", "not top1 vs Similar"), labels).tolist() == [
        [0, SIMILAR, 1],
        [-1, SIMILAR, -1],
    ]
    assert resolve_targets(("cat vs similar",), ("cat", "similar")).tolist() == [[0, 1, 1]]
    for wrong in ("cat vs nothing", "not nothing", "vs cat"):
        with pytest.raises(TargetError):
            resolve_targets((wrong,), labels)


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


def test_every_rank_can_be_asked_for(bundled):
    picture = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    explain = GradCAM(bundled, precision="f32", cache=False)
    for ranks in ((1, 16), (16, 17), (2, 100), (1000, 1)):
        explanation = explain(picture, [f"top{rank}" for rank in ranks])
        order = np.argsort(-explanation.probabilities, kind="stable")
        assert explanation.classes.tolist() == [order[rank - 1] for rank in ranks]
    assert explain.trace_count == 4  # as deep as 16, 32, 128 and 1024
    assert ranks_of(resolve_targets(["top3 vs top40", 7], bundled.labels)) == 64


@pytest.mark.parametrize("engine", ["openvino", "tensorflow"])
@pytest.mark.parametrize("asked", ["top1", "class 5"])
def test_similar_is_the_class_against_its_rivals(engine, asked):
    """The difference of scores to the other most probable classes, each weighted by its probability."""
    import tensorflow as tf

    specimen = models.flat()
    explain = exact(wrap_model(specimen.model, preprocessing=RAW), engine=engine, method="hirescam")
    picture = image(seed=4)
    found = explain(picture, [f"{asked} vs similar"])
    x = tf.constant(as_input(picture))
    with tf.GradientTape() as tape:
        activations, logits, probabilities = specimen.eager(x)
        p = probabilities.numpy()[0]
        own = int(p.argmax()) if asked == "top1" else 5
        rivals = [int(index) for index in np.argsort(-p, kind="stable")[:4] if index != own]
        weights = p[rivals] / p[rivals].sum()
        score = logits[0, own] - sum(w * logits[0, r] for w, r in zip(weights.tolist(), rivals, strict=True))
    gradient = tape.gradient(score, activations)
    expected = tf.nn.relu(tf.reduce_sum(gradient * activations, axis=-1)).numpy()
    assert_same_map(found.heatmaps, expected)
    assert found.classes[0] == own
    assert found.versus[0] == RIVALS_OF
    assert explain(picture, ["top1"]).versus[0] == -1


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("cat", ["tiger cat", "Persian cat", "Siamese cat", "Egyptian cat", "Madagascar cat"]),
        ("shark", ["great white shark", "tiger shark"]),
        ("espreso", ["espresso", "espresso maker"]),
    ],
)
def test_who_means_a_word_is_told_the_classes_with_that_word(asked, named):
    with pytest.raises(TargetError) as caught:
        resolve_targets([asked], imagenet_labels())
    listed = str(caught.value).split("the nearest are ")[1].split("; a target is")[0].split(", ")
    assert listed[: len(named)] == named
    assert "crate" not in listed
