"""Tell a network of ``keras.applications`` by what its layers are called, where its own name is gone; and Teachable Machine.

``Model(base.input, head(base.output))`` has the layers of its base, but not its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True)
class Family:
    """Networks of one kind.

    Attributes:
        name: of the family.
        preprocess: name of what ``preprocess_input`` of their module does.
        marks: layers that each of them has near its input, as a base may be cut off, with the channels that they give;
            0 where these differ.
    """

    name: str
    preprocess: str
    marks: Mapping[str, int]


# One that has the layers of another and more comes first.
FAMILIES = (
    Family("InceptionResNetV2", "tf", {"mixed_5b": 320, "block35_1_mixed": 128}),
    Family("InceptionV3", "tf", {"mixed0": 256, "mixed1": 288, "mixed2": 288}),
    Family("Xception", "tf", {"block1_conv1": 32, "block2_sepconv1": 128, "block3_sepconv1": 256}),
    Family("NASNet", "tf", {"stem_conv1": 0, "reduction_conv_1_stem_1": 0}),
    Family("ResNetV2", "tf", {"conv1_conv": 64, "conv2_block1_preact_bn": 64}),
    Family("DenseNet", "torch", {"conv2_block1_0_bn": 64, "conv2_block1_concat": 96}),
    Family("ResNet", "caffe", {"conv1_conv": 64, "conv2_block1_1_conv": 64, "conv2_block1_out": 256}),
    Family("ResNet", "caffe", {"bn_conv1": 64, "res2a_branch2a": 64}),  # as Keras called them until 2019
    Family("MobileNetV2", "tf", {"Conv1": 0, "expanded_conv_depthwise": 0, "expanded_conv_project": 0}),
    Family("MobileNetV3", "tf", {"expanded_conv_depthwise": 0, "expanded_conv_project": 0}),
    Family("MobileNet", "tf", {"conv1": 0, "conv_dw_1": 0, "conv_pw_1": 0}),
    Family("VGG", "caffe", {"block1_conv1": 64, "block2_conv1": 128, "block3_conv1": 256}),
)

# What the networks that scale their input themselves want where that was left out (``include_preprocessing=False``).
WITHOUT_SCALING = {"convnext": "torch", "efficientnet_v2_b": "torch", "efficientnet_v2_": "tf", "mobilenet_v3": "tf"}


def family_of(channels: Mapping[str, int]) -> Family | None:
    """The family that a model's layers tell, or None.

    Args:
        channels: how many channels each layer gives, by its name; 0 where that is unknown.
    """

    def has(name: str, wanted: int) -> bool:
        return name in channels and (not wanted or channels[name] in (0, wanted))

    return next((f for f in FAMILIES if all(has(name, wanted) for name, wanted in f.marks.items())), None)


def unscaled(name: str) -> str | None:
    """Name of what is done to pixels for a network that usually does it itself, but does not here; None for any other."""
    return next((how for beginning, how in WITHOUT_SCALING.items() if name.startswith(beginning)), None)


def is_teachable_machine(model: keras.Model) -> bool:
    """Whether a model is what Teachable Machine exports: a cut MobileNet with pooling, then two dense layers, at 224x224.

    It is trained on, and fed, the centre square of each picture.
    """
    parts: Any = getattr(model, "layers", ())
    if len(parts) != 2 or not all(_is_sequential(part) for part in [model, *parts]):
        return False
    features, head = (part.layers for part in parts)
    return (
        tuple(model.input_shape[1:]) == (224, 224, 3)
        and len(features) == 2
        and any(layer.name == "expanded_conv_depthwise" for layer in getattr(features[0], "layers", ()))
        and type(features[1]).__name__ == "GlobalAveragePooling2D"
        and [type(layer).__name__ for layer in head] == ["Dense", "Dense"]
    )


def _is_sequential(layer: Any) -> bool:
    return type(layer).__name__ == "Sequential"
