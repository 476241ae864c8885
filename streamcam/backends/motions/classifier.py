"""The bundled video classifier as a ``Classifier``."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from streamcam.backends.keras.network import KerasNetwork
from streamcam.backends.motions.clips import MOTIONS
from streamcam.backends.motions.network import MOTIONS_SHA256
from streamcam.backends.weights.bundled import WEIGHTS_SHA256
from streamcam.errors import ModelError
from streamcam.models.catalog import CatalogEntry
from streamcam.models.classifier import Classifier
from streamcam.models.preprocessing import PREPROCESSINGS
from streamcam.system.libraries import load_tensorflow

if TYPE_CHECKING:
    import keras


def motions_classifier(entry: CatalogEntry, weights: str) -> Classifier:
    """The bundled video classifier."""
    if weights not in ("imagenet", "none"):
        raise ModelError(f"--weights {weights}: {entry.name} brings its own weights")
    is_trained = weights == "imagenet"

    @functools.cache
    def build() -> keras.Model:
        load_tensorflow(entry.name)
        from streamcam.backends.keras.applications import seeded
        from streamcam.backends.motions.network import motions_network

        return motions_network() if is_trained else seeded(lambda: motions_network(weights=False))

    return Classifier(
        name=entry.name,
        preprocessing=PREPROCESSINGS[entry.preprocess],
        labels=MOTIONS,
        input_size=(entry.input_size, entry.input_size),
        stride=16,
        gives_probabilities=True,
        fingerprint=f"{entry.name}:{MOTIONS_SHA256}:{WEIGHTS_SHA256}" if is_trained else f"{entry.name}:random",
        network=KerasNetwork(build),
        preprocess_from="name",
        layout="nthwc",
        clip=entry.clip,
    )
