"""Files that Keras 2 wrote (TensorFlow before 2.16, Teachable Machine still), made readable for Keras 3."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streamcam.backends.keras.container import Container

# What later versions of Keras 2 say of where a class lives; without it Keras 3 looks the class up by its name.
_WHEREABOUTS = frozenset({"module", "registered_name", "build_config", "compile_config"})

# What Keras 2 wrote into layers that Keras 3 no longer takes, and that changes no answer: `Random…` means all that begin so.
_DROPPED = {
    "DepthwiseConv": ("groups",),
    "SeparableConv": ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
    "SpatialDropout": ("noise_shape", "trainable"),
    "Random": ("rng_type",),
    "MultiHeadAttention": ("query_shape", "key_shape", "value_shape", "softmax_robust_masking"),
    "BatchNormalization": ("fused", "virtual_batch_size"),
}
# Where models, which are not looked up by name in a .keras file, live in Keras 3.
_HOMES = {"Functional": "keras.src.models.functional", "Model": "keras.src.models.functional", "Sequential": "keras"}


def is_keras2(path: Path, container: Container) -> bool:
    """Whether a file was written by Keras 2."""
    if container == "keras-zip":
        with zipfile.ZipFile(path) as archive:
            try:
                version = json.loads(archive.read("metadata.json")).get("keras_version", "")
            except (KeyError, ValueError, AttributeError):
                return False
        return str(version).startswith("2.")
    import h5py

    with h5py.File(path, "r") as file:
        version = file.attrs.get("keras_version", "")
    return (version.decode() if isinstance(version, bytes) else str(version)).startswith("2.")


@contextmanager
def readable(path: Path, container: Container) -> Iterator[Path]:
    """A path that Keras 3 reads: the file itself where its ending is right, or else a temporary copy of it or link to it.

    Keras tells formats by the ending. The description in a file of Keras 2 is put in the way of Keras 3.
    """
    is_old = is_keras2(path, container)
    endings = (".keras",) if container == "keras-zip" else (".h5", ".hdf5")
    if not is_old and path.suffix in endings:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"model{endings[0]}"
        if is_old and container == "keras-zip":
            _modernise_zip(path, copy)
        elif is_old:
            shutil.copyfile(path, copy)
            _modernise_hdf5(copy)
        else:
            try:
                copy.symlink_to(path.resolve())
            except OSError:  # Windows lets few people make links
                shutil.copyfile(path, copy)
        yield copy


def _modernise_zip(path: Path, copy: Path) -> None:
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for member in old.infolist():
            if member.filename == "config.json":
                new.writestr(member.filename, json.dumps(_with_home(modern_config(json.loads(old.read(member))))))
                continue
            with old.open(member) as source, new.open(member.filename, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target)


def _modernise_hdf5(copy: Path) -> None:
    import h5py

    with h5py.File(copy, "r+") as file:
        file.attrs["model_config"] = json.dumps(modern_config(json.loads(file.attrs["model_config"])))


def _with_home(config: Any) -> Any:
    """The outermost model says where its class lives; for what is inside, Keras 3 looks names up where nothing is said."""
    name = config.get("class_name")
    if name in _HOMES:
        config |= {"module": _HOMES[name], "class_name": "Functional" if name == "Model" else name}
    return config


def modern_config(config: Any) -> Any:
    """The description of a model, or of a part of one, in the way of Keras 3."""
    if isinstance(config, list):
        return [modern_config(item) for item in config]
    if not isinstance(config, dict):
        return config
    modern = {key: modern_config(value) for key, value in config.items() if key not in _WHEREABOUTS}
    name, inner = modern.get("class_name"), modern.get("config")
    if not isinstance(name, str) or not isinstance(inner, dict):
        return modern
    if isinstance(inner.get("name"), str):
        inner["name"] = _plain(inner["name"])
    registered = config.get("registered_name")
    if isinstance(registered, str) and ">" in registered:  # a class of the user's own
        modern["class_name"] = registered
    if name in _CHANGES:
        return _CHANGES[name](modern)
    for beginning, keys in _DROPPED.items():
        if name.startswith(beginning):
            for key in keys:
                inner.pop(key, None)
    if isinstance(inner.get("layers"), list) and "output_layers" in inner:
        _modernise_graph(inner)
    if name in ("BatchNormalization", "LayerNormalization") and isinstance(inner.get("axis"), list):
        inner["axis"] = inner["axis"][0] if len(inner["axis"]) == 1 else inner["axis"]
    return modern


def _height_or_width(layer: dict[str, Any]) -> dict[str, Any]:
    """``RandomHeight`` and ``RandomWidth`` are gone; they did nothing but in training."""
    kept = {key: value for key, value in layer["config"].items() if key in ("name", "dtype")}
    return layer | {"class_name": "Identity", "config": kept}


def _thresholded(layer: dict[str, Any]) -> dict[str, Any]:
    """``ThresholdedReLU`` is gone; a ``ReLU`` with a threshold is the same."""
    inner = dict(layer["config"])
    return layer | {"class_name": "ReLU", "config": inner | {"threshold": inner.pop("theta", 1.0)}}


def _leaky(layer: dict[str, Any]) -> dict[str, Any]:
    inner = dict(layer["config"])
    return layer | {"config": inner | ({"negative_slope": inner.pop("alpha")} if "alpha" in inner else {})}


_CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "Policy": lambda policy: policy["config"].get("name", "float32"),
    "RandomHeight": _height_or_width,
    "RandomWidth": _height_or_width,
    "ThresholdedReLU": _thresholded,
    "LeakyReLU": _leaky,
}


def _modernise_graph(graph: dict[str, Any]) -> None:
    """Say the nodes of a functional model as Keras 3 does.

    In Keras 2 a nested model has a first node of its own, so those of the outer model count from 1; a function of
    TensorFlow has a flat node; and a tensor can be an argument by name. The only input or output is given as itself and
    not as a list of one, which Keras 3 would take for a list when the model is nested.
    """
    layers = {layer["name"]: layer for layer in graph["layers"]}
    offsets = {name: _first_node(layer) for name, layer in layers.items()}

    def tensor(reference: Any) -> Any:
        if _is_reference(reference) and reference[0] in layers:
            history = [_plain(reference[0]), reference[1] - offsets[reference[0]], reference[2]]
            return {
                "class_name": "__keras_tensor__",
                "config": {"shape": [], "dtype": "float32", "keras_history": history},
            }
        if isinstance(reference, list):
            return [tensor(item) for item in reference]
        return reference

    def first_argument(node: Any) -> tuple[Any, dict[str, Any]]:
        if _is_reference(node):
            value = node[2] if node[0] == "_CONSTANT_VALUE" else tensor(node[:3])
            return value, node[3] if len(node) > 3 else {}
        both = [first_argument(item) for item in node]
        return [value for value, _ in both], both[-1][1] if both else {}

    for layer in graph["layers"]:
        nodes = []
        for node in layer.get("inbound_nodes", ()):
            if isinstance(node, list):
                value, named = first_argument(node)
                if isinstance(value, list) and len(value) == 1:
                    value = value[0]
                given = {key: tensor(item) for key, item in named.items() if key != "name"}
                node = {"args": [value], "kwargs": given}
            nodes.append(node)
        layer["inbound_nodes"] = nodes
        layer["name"] = _plain(layer["name"])
    for ends in ("input_layers", "output_layers"):
        graph[ends] = list(_ends(graph[ends], layers, offsets))
        if len(graph[ends]) == 1 and isinstance(graph[ends][0], list):
            graph[ends] = graph[ends][0]


def _plain(name: str) -> str:
    """Keras 3 takes no slash in a layer's name."""
    return name.replace("/", "_")


def _first_node(layer: dict[str, Any]) -> int:
    """The number of a nested model's first node in the outer model."""
    return 1 if "layers" in layer["config"] and layer["config"]["layers"] else 0


def _ends(ends: Any, layers: dict[str, Any], offsets: dict[str, int]) -> Iterator[Any]:
    if _is_reference(ends):
        ends = [ends]
    for end in ends:
        # Keras 3 takes off 1 by itself where a functional model is the last layer.
        ours = offsets[end[0]] if layers[end[0]]["class_name"] == "Sequential" else 0
        yield [_plain(end[0]), end[1] - ours, *end[2:]]


def _is_reference(value: Any) -> bool:
    """Whether this names a tensor: layer, node, output, and perhaps arguments by name."""
    return isinstance(value, list) and 3 <= len(value) <= 4 and isinstance(value[0], str) and isinstance(value[1], int)
