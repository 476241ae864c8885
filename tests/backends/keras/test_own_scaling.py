"""A model that scales its own input is told by what it computes before its first weights."""

from __future__ import annotations

import keras
import pytest
from keras import layers

from streamcam.backends.keras.wrap import find_preprocessing


def scaled(x):
    return layers.Lambda(lambda t: t / 255)(x)


def augmented(x):
    return keras.Sequential([layers.RandomFlip(), layers.RandomZoom(0.2), layers.RandomContrast(0.2)])(x)


def scaled_inside(x):
    return keras.Sequential([layers.RandomFlip(), layers.Lambda(lambda t: t / 255)])(x)


def scaled_before_weights_inside(x):
    inside = keras.Input((16, 16, 3))
    return keras.Model(inside, layers.Conv2D(2, 3)(scaled(inside)))(layers.RandomFlip()(x))


def moved(x):
    return layers.ZeroPadding2D(2)(layers.Dropout(0.2)(layers.Reshape((8, 32, 3))(layers.Permute((2, 1, 3))(x))))


def resized(x):
    return layers.Lambda(lambda t: keras.ops.image.resize(t, (8, 8)))(x)


@pytest.mark.parametrize(
    ("first", "known"),
    [
        (scaled, True),
        (scaled_inside, True),
        (scaled_before_weights_inside, True),
        (lambda x: x / 127.5 - 1, True),
        (lambda x: x, False),
        (lambda x: x[..., ::-1], False),
        (augmented, False),
        (moved, False),
        (resized, False),
    ],
)
def test_what_stands_before_the_first_weights(first, known):
    image = keras.Input((16, 16, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(first(image)))
    assert (find_preprocessing(keras.Model(image, layers.Dense(2)(x))).origin == "model") is known


def test_arithmetic_behind_the_first_weights_scales_no_input():
    model = keras.Sequential([keras.Input((16, 16, 3)), layers.Conv2D(2, 3), layers.Lambda(lambda t: t / 255)])
    assert find_preprocessing(model).origin == "guess"
    model = keras.Sequential([keras.Input((16, 16, 3)), layers.Lambda(lambda t: t / 255), layers.Conv2D(2, 3)])
    assert find_preprocessing(model).origin == "model"
