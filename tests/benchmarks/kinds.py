"""What becomes of each kind of model file: the tables of README.md and tests/benchmarks/README.md.

    python tests/benchmarks/kinds.py                    needs pip install -e ".[bench]"
    python tests/benchmarks/kinds.py --only onnx

Each file is written by the library it usually comes from, with random weights. Its Grad-CAM, in f32 and at the target
streamcam chooses, is held against the automatic gradient of that library. ``off`` is the largest difference, as a share
of the map's maximum.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, get_args

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import cv2
import numpy as np

from streamcam import GradCAM, load_model
from streamcam.choices import Method
from streamcam.errors import StreamcamError
from streamcam.photographs import photographs
from streamcam.types import Float32Array

SIDE = 224

# From (1, H, W, 3) float32 RGB in 0 to 1 and a class to its Grad-CAM map.
Reference = Callable[[Float32Array, int], Float32Array]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of model file.

    Attributes:
        title: of its row.
        make: writes one into a folder; gives its path and the reference, None where there is none of its own.
        imports: modules with layers of its own.
    """

    title: str
    make: Callable[[Path], tuple[Path, Reference | None]]
    imports: tuple[str, ...] = ()


# --- Keras


def by_tape(model: Any, target: str) -> Reference:
    """The map of a Keras model (of Keras 2 or 3), at a layer of itself or of its first nested model."""
    import tensorflow as tf

    nested = [layer for layer in model.layers if hasattr(layer, "get_layer")]
    last = model
    while hasattr(last, "layers"):
        last = last.layers[-1]
    assert last.activation.__name__ == "softmax"
    holder = model if not nested else nested[0]
    while not any(layer.name == target for layer in holder.layers):
        holder = next(layer for layer in holder.layers if hasattr(layer, "get_layer"))
    layer = holder.get_layer(target)

    def reference(pixels: Float32Array, class_index: int) -> Float32Array:
        usual, whole = last.activation, layer.call
        seen: list[Any] = []

        def watched(*args: Any, **kwargs: Any) -> Any:
            seen.append(whole(*args, **kwargs))
            return tape.watch(seen[-1]) or seen[-1]

        last.activation, layer.call = (lambda x: x), watched
        try:
            with tf.GradientTape() as tape:
                score = model(tf.constant(pixels), training=False)[0, class_index]
            slope = tape.gradient(score, seen[-1])[0]
        finally:
            last.activation, layer.call = usual, whole
        return np.maximum((seen[-1][0] * slope.numpy().mean((0, 1))).numpy().sum(-1), 0)

    return reference


def mobile(keras: Any, *, flips: bool = True) -> Any:
    """A classifier of ten classes on a nested MobileNetV2, as transfer learning makes them."""
    keras.utils.set_random_seed(3)
    backbone = keras.applications.MobileNetV2(input_shape=(SIDE, SIDE, 3), include_top=False, weights=None)
    inputs = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.RandomFlip("horizontal")(inputs) if flips else inputs
    x = keras.layers.Rescaling(2.0, offset=-1)(x)
    x = keras.layers.GlobalAveragePooling2D()(backbone(x))
    return keras.Model(inputs, keras.layers.Dense(10, activation="softmax", name="head")(x))


def keras_file(folder: Path) -> tuple[Path, Reference]:
    import keras

    model = mobile(keras)
    model.save(folder / "model.keras")
    return folder / "model.keras", by_tape(model, "out_relu")


def preprocessing_inside(folder: Path) -> tuple[Path, Reference]:
    import keras

    keras.utils.set_random_seed(3)
    model = keras.applications.MobileNetV3Small(weights=None, classes=10)
    model.save(folder / "model.keras")
    return folder / "model.keras", by_tape(model, "activation_17")


def hdf5(folder: Path, ending: str) -> tuple[Path, Reference]:
    import keras

    model = mobile(keras)
    model.save(folder / "model.h5")
    path = (folder / "model.h5").rename(folder / f"model{ending}")
    return path, by_tape(model, "out_relu")


def keras2_file(folder: Path, name: str) -> tuple[Path, Reference]:
    """``.keras``, ``.h5`` or a folder, as Keras 2 writes them."""
    import tf_keras

    model = mobile(tf_keras)
    model.save(folder / name)
    return folder / name, by_tape(model, "out_relu")


def exported(folder: Path) -> tuple[Path, Reference]:
    import keras

    model = mobile(keras, flips=False)  # Keras 3 exports flips as if in training
    model.export(folder / "export", verbose=False)
    return folder / "export", by_tape(model, "out_relu")


def teachable_machine(folder: Path) -> tuple[Path, Reference]:
    import tf_keras as keras

    keras.utils.set_random_seed(3)
    base = keras.applications.MobileNetV2(input_shape=(SIDE, SIDE, 3), alpha=0.35, include_top=False, weights=None)
    seen = keras.Sequential([base, keras.layers.GlobalAveragePooling2D()])
    dense = [keras.layers.Dense(100, activation="relu"), keras.layers.Dense(3, use_bias=False, activation="softmax")]
    model = keras.Sequential([seen, keras.Sequential(dense)])
    model(np.zeros((1, SIDE, SIDE, 3), np.float32))
    model.save(folder / "keras_model.h5")
    (folder / "labels.txt").write_text("0 cup\n1 cat\n2 none\n", encoding="utf-8")
    return folder / "keras_model.h5", by_tape(model, "out_relu")


def keras_hub(folder: Path) -> tuple[Path, None]:
    import keras
    import keras_hub

    keras.utils.set_random_seed(3)
    backbone = keras_hub.models.ViTBackbone(
        image_shape=(SIDE, SIDE, 3), patch_size=16, num_layers=4, num_heads=4, hidden_dim=128, mlp_dim=256
    )
    model = keras_hub.models.ViTImageClassifier(backbone=backbone, num_classes=10, activation="softmax")
    model.save(folder / "model.keras")
    return folder / "model.keras", None


def lite(folder: Path, *, integers: bool) -> tuple[Path, Reference | None]:
    import keras
    import tensorflow as tf

    model = mobile(keras, flips=False)  # Keras 3 exports flips as if in training
    model.export(folder / "export", verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "export"))
    if integers:
        random = np.random.default_rng(0)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: [
            [random.uniform(0, 1, (1, SIDE, SIDE, 3)).astype("f4")] for _ in range(8)
        ]
    (folder / "model.tflite").write_bytes(converter.convert())
    return folder / "model.tflite", None if integers else by_tape(model, "out_relu")


# --- PyTorch


def by_autograd(model: Any, target: Callable[[Any], Any]) -> Reference:
    """The map of a PyTorch model at what a module of it gives: ``(1, C, h, w)``, or tokens behind one for the class."""
    import torch

    def reference(pixels: Float32Array, class_index: int) -> Float32Array:
        seen: list[Any] = []
        hook = target(model).register_forward_hook(lambda _module, _given, out: seen.append(out))
        x = torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))).requires_grad_()
        score = model(x)[0, class_index]
        slope = torch.autograd.grad(score, seen[-1])[0]
        hook.remove()
        a, g = (t.detach().numpy()[0].astype(np.float64) for t in (seen[-1], slope))
        if a.ndim == 2:
            side = round(len(a) ** 0.5)
            a, g = (t[len(a) - side * side :].T.reshape(-1, side, side) for t in (a, g))
        return np.maximum((a * g.mean((1, 2), keepdims=True)).sum(0), 0).astype(np.float32)

    return reference


def onnx(
    folder: Path, make: Callable[[], Any], target: Callable[[Any], Any], *, openvino: bool = False
) -> tuple[Path, Reference]:
    import torch

    torch.manual_seed(3)
    model = make().eval()
    path = folder / "model.onnx"
    torch.onnx.export(model, torch.zeros(1, 3, SIDE, SIDE), path, verbose=False)
    if openvino:
        import openvino as ov

        ov.save_model(ov.convert_model(path), folder / "model.xml", compress_to_fp16=False)
        path = folder / "model.xml"
    return path, by_autograd(model, target)


def torchvision(name: str, **options: Any) -> Callable[[], Any]:
    def make() -> Any:
        import torchvision

        return torchvision.models.get_model(name, weights=None, **options)

    return make


def timm(name: str) -> Callable[[], Any]:
    def make() -> Any:
        import timm

        return timm.create_model(name, pretrained=False, num_classes=10)

    return make


KINDS = (
    Kind("`.keras`", keras_file),
    Kind("`.keras`, MobileNetV3 with its preprocessing inside", preprocessing_inside),
    Kind("`.keras`, KerasHub ViT (`--import keras_hub`)", keras_hub, ("keras_hub",)),
    Kind("`.keras` by Keras 2, nested, `RandomFlip`", lambda f: keras2_file(f, "model.keras")),
    Kind("`.h5`", lambda f: hdf5(f, ".h5")),
    Kind("HDF5 named `.keras`", lambda f: hdf5(f, ".keras")),
    Kind("Teachable Machine's `keras_model.h5`", teachable_machine),
    Kind("SavedModel by Keras 2's `save`", lambda f: keras2_file(f, "saved")),
    Kind("SavedModel by `export`", exported),
    Kind("`.tflite`, MobileNetV2", lambda f: lite(f, integers=False)),
    Kind("`.tflite`, MobileNetV2 in int8", lambda f: lite(f, integers=True)),
    Kind("`.onnx`, torchvision ResNet18", lambda f: onnx(f, torchvision("resnet18"), lambda m: m.layer4)),
    Kind(
        "`.onnx`, torchvision MobileNetV3",
        lambda f: onnx(f, torchvision("mobilenet_v3_small"), lambda m: m.features),
    ),
    Kind("`.onnx`, timm ConvNeXt", lambda f: onnx(f, timm("convnext_atto"), lambda m: m.stages)),
    Kind("`.onnx`, timm ViT", lambda f: onnx(f, timm("vit_tiny_patch16_224"), lambda m: m.blocks[-1].norm1)),
    Kind(
        "OpenVINO `.xml`, torchvision ResNet18",
        lambda f: onnx(f, torchvision("resnet18"), lambda m: m.layer4, openvino=True),
    ),
)


def row(number: int) -> str:
    """A line of the Markdown table."""
    kind = KINDS[number]
    image = cv2.resize(photographs()[0], (SIDE, SIDE))
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path, reference = kind.make(Path(folder))
        scales = "inside" in kind.title
        try:
            classifier = load_model(path, preprocess="none" if scales else "unit", imports=kind.imports, cache=False)
            methods = []
            for method in get_args(Method):
                explain = GradCAM(classifier, method=method, precision="f32", fit="stretch", cache=False)
                try:
                    maps = explain(image)
                    methods.append(method)
                except StreamcamError as error:
                    print(f"{kind.title}, {method}: {error}", file=sys.stderr)
                if method == "gradcam":
                    usual, found = explain, maps
        except StreamcamError as error:
            return f"| {kind.title} | refused: {error} | | | |"
        off = ""
        if reference:
            pixels = image[None, ..., ::-1].astype(np.float32) / (1 if scales else 255)
            expected = reference(np.ascontiguousarray(pixels), int(found.classes[0]))
            assert expected.shape == found.heatmaps[0].shape, (expected.shape, found.heatmaps.shape)
            off = f"{np.abs(expected - found.heatmaps[0]).max() / expected.max():.0e}"
        missing = [method for method in get_args(Method) if method not in methods]
        which = "all" if not missing else "all but " + ", ".join(f"`{method}`" for method in missing)
        return f"| {kind.title} | {usual.engine} | {usual.layer} | {which} | {off or '–'} |"


def rows(only: str) -> Iterator[str]:
    """Lines of the table, without its head."""
    # A process each: TensorFlow and PyTorch do not always bear with each other in one.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as processes:
        yield from processes.map(row, [number for number, kind in enumerate(KINDS) if only in kind.title])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="kinds whose title holds this")
    print("| kind | runs on | target | methods | off |\n| --- | --- | --- | --- | --- |")
    lines = []
    for line in rows(parser.parse_args().only):
        print(line, flush=True)
        lines.append(line.strip("| ").split(" | "))
    print("\nAs in README.md:\n\n| file | off by | file | off by |\n| --- | --- | --- | --- |")
    half = (len(lines) + 1) // 2
    for left, right in zip_longest(lines[:half], lines[half:], fillvalue=["", ""]):
        print(f"| {left[0]} | {left[-1]} | {right[0]} | {right[-1]} |")
