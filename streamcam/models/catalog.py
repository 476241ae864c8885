"""The models known by name, as a table that needs no TensorFlow."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from streamcam.errors import ModelError
from streamcam.models.classifier import ClipInput

BUNDLED = "efficientnet-lite0"
MOTIONS = "motions"  # what moves how, see ``backends.motions``


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A model known by name.

    Attributes:
        name: what ``--model`` takes.
        factory: the function of ``keras.applications`` that builds it, or None for an EfficientNet-Lite.
        input_size: side of the square input that it was trained on, in pixels.
        preprocess: name of its preprocessing; ``none`` where the network scales its own input.
        clip: what a video classifier looks at, None for one of single pictures.
    """

    name: str
    factory: str | None
    input_size: int
    preprocess: str
    clip: ClipInput | None = None

    @property
    def fixed_size(self) -> bool:
        """Whether its head is dense over a whole map, which fixes the size of its input."""
        return self.name in ("vgg16", "vgg19")


def _family(preprocess: str, *models: tuple[str, str, int]) -> list[CatalogEntry]:
    return [CatalogEntry(name, factory, size, preprocess) for name, factory, size in models]


CATALOG = {
    entry.name: entry
    for entry in [
        CatalogEntry(BUNDLED, None, 224, "lite"),
        CatalogEntry(
            "efficientnet-lite1", None, 240, "lite"
        ),  # its weights come in a package, see ``backends.weights.lite``
        CatalogEntry(MOTIONS, None, 160, "lite", ClipInput(16, fps=15.0)),
        *_family(
            "none",
            ("convnext_tiny", "ConvNeXtTiny", 224),
            ("convnext_small", "ConvNeXtSmall", 224),
            ("convnext_base", "ConvNeXtBase", 224),
            ("convnext_large", "ConvNeXtLarge", 224),
            ("convnext_xlarge", "ConvNeXtXLarge", 224),
        ),
        *_family(
            "torch",
            ("densenet121", "DenseNet121", 224),
            ("densenet169", "DenseNet169", 224),
            ("densenet201", "DenseNet201", 224),
        ),
        *_family(
            "none",
            ("efficientnet_b0", "EfficientNetB0", 224),
            ("efficientnet_b1", "EfficientNetB1", 240),
            ("efficientnet_b2", "EfficientNetB2", 260),
            ("efficientnet_b3", "EfficientNetB3", 300),
            ("efficientnet_b4", "EfficientNetB4", 380),
            ("efficientnet_b5", "EfficientNetB5", 456),
            ("efficientnet_b6", "EfficientNetB6", 528),
            ("efficientnet_b7", "EfficientNetB7", 600),
            ("efficientnet_v2_b0", "EfficientNetV2B0", 224),
            ("efficientnet_v2_b1", "EfficientNetV2B1", 240),
            ("efficientnet_v2_b2", "EfficientNetV2B2", 260),
            ("efficientnet_v2_b3", "EfficientNetV2B3", 300),
            ("efficientnet_v2_s", "EfficientNetV2S", 384),
            ("efficientnet_v2_m", "EfficientNetV2M", 480),
            ("efficientnet_v2_l", "EfficientNetV2L", 480),
            ("mobilenet_v3_small", "MobileNetV3Small", 224),
            ("mobilenet_v3_large", "MobileNetV3Large", 224),
        ),
        *_family(
            "tf",
            ("inception_v3", "InceptionV3", 299),
            ("inception_resnet_v2", "InceptionResNetV2", 299),
            ("mobilenet", "MobileNet", 224),
            ("mobilenet_v2", "MobileNetV2", 224),
            ("nasnet_mobile", "NASNetMobile", 224),
            ("nasnet_large", "NASNetLarge", 331),
            ("resnet50_v2", "ResNet50V2", 224),
            ("resnet101_v2", "ResNet101V2", 224),
            ("resnet152_v2", "ResNet152V2", 224),
            ("xception", "Xception", 299),
        ),
        *_family(
            "caffe",
            ("resnet50", "ResNet50", 224),
            ("resnet101", "ResNet101", 224),
            ("resnet152", "ResNet152", 224),
            ("vgg16", "VGG16", 224),
            ("vgg19", "VGG19", 224),
        ),
    ]
}


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def knows(name: str) -> bool:
    """Whether a model goes by that name."""
    return any(_plain(name) == _plain(known) for known in CATALOG)


def find(name: str) -> CatalogEntry:
    """The entry of that name; case, hyphens and underscores do not matter (``ResNet50V2`` is ``resnet50_v2``).

    Raises:
        ModelError: no model goes by that name; the message lists the nearest.
    """
    by_plain_name = {_plain(known): entry for known, entry in CATALOG.items()}
    if entry := by_plain_name.get(_plain(name)):
        return entry
    near = [by_plain_name[match].name for match in difflib.get_close_matches(_plain(name), by_plain_name, n=3)]
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise ModelError(
        f"{name}: no model of that name and no such file; {hint}'streamcam models' lists the names, "
        "and the path of a model file works too (.keras, .h5, .onnx, .tflite, .xml, .pb, or a SavedModel folder)"
    )
