"""Model files that OpenVINO reads itself: ONNX, TensorFlow Lite, and its own format. TensorFlow is not loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from streamcam.backends.format import ENDINGS, likely_format
from streamcam.backends.openvino.description import Description
from streamcam.backends.openvino.engine import core
from streamcam.backends.openvino.external_data import beside, external_files
from streamcam.backends.openvino.graph import Graph, describe, graph_of
from streamcam.backends.openvino.reasons import reason_of
from streamcam.backends.openvino.tflite import read_tflite
from streamcam.backends.openvino.tflite_metadata import metadata_preprocessing, packed_labels
from streamcam.errors import MissingLibraryError, ModelError
from streamcam.system.libraries import has_openvino, load_openvino

if TYPE_CHECKING:
    import openvino as ov


def files_of(path: Path) -> tuple[Path, ...]:
    """A model file and those that belong to it, none of them outside its folder.

    Raises:
        UnsafeModelError: it asks for a file elsewhere.
        ModelError: it is missing or empty, no model, or one of its files is missing.
    """
    if not path.is_file():
        raise ModelError(f"{path}: {'is a folder' if path.is_dir() else 'no such model file'}; give a model file")
    if not path.stat().st_size:
        raise ModelError(f"{path}: empty; give a model file")
    form = likely_format(path)
    if form == "onnx":
        return (path, *external_files(path))
    if form == "openvino":
        return (path, beside(path, path.with_suffix(".bin").name))
    with path.open("rb") as file:
        if file.read(8)[4:] != b"TFL3":
            raise ModelError(f"{path}: not a TensorFlow Lite model; convert it again")
    return (path,)


def fingerprint_of(files: Sequence[Path], output: str | int | None = None) -> str:
    """Names the contents of files, and the output that was chosen."""
    sums = []
    for path in files:
        with path.open("rb") as file:
            sums.append(hashlib.file_digest(file, "sha256").hexdigest())
    together = sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest()
    return together if output is None else f"{together}:{output}"


def read_graph(path: Path, output: str | int | None = None) -> Graph:
    """Read a model file. A hostile one can crash this process: see ``trial``.

    Args:
        path: a ``.onnx``, ``.tflite`` or ``.xml`` file.
        output: the name or the number of the output that gives the scores; None for the only one that may.

    Raises:
        UnsafeModelError: it asks for a file outside its folder.
        LayerError: it has no spatial map.
        ModelError: it cannot be read, or is no image classifier.
    """
    files_of(path)
    if not has_openvino():
        raise MissingLibraryError(f"{path.name}: is read by OpenVINO, which is not installed; pip install openvino")
    try:
        model = read_tflite(path) if likely_format(path) == "tflite" else _read(path)
        return graph_of(model, path.name, output)
    except ModelError:
        raise
    except Exception as error:  # OpenVINO raises RuntimeErrors, and errors of its front ends
        raise _unreadable(path, error) from error


def describe_file(graph: Graph, path: Path) -> Description:
    """What the graph of a model file is; it is run once.

    Raises:
        ModelError: it does not run.
    """
    try:
        found = describe(graph)
    except ModelError as error:
        raise ModelError(f"{path.name}: {error}") from error
    except Exception as error:
        raise _unreadable(path, error) from error
    if likely_format(path) != "tflite":
        return found
    # A TFLite file's own metadata go before what was guessed.
    labels = packed_labels(path, found.classes)
    preprocessing = metadata_preprocessing(path, graph.image.channels)
    if preprocessing is None:
        return replace(found, labels=labels)
    assumed = tuple(line for line in found.assumed if not line.startswith("preprocessing"))
    return replace(found, labels=labels, preprocessing=preprocessing, assumed=assumed)


def _read(path: Path) -> ov.Model:
    """An ONNX or OpenVINO file, which OpenVINO tells by their endings; one of another name is read from memory."""
    if ENDINGS.get(path.suffix.lower()) == likely_format(path):
        return core().read_model(path)
    first, *others = files_of(path)
    if others:
        return core().read_model(first.read_bytes(), load_openvino().Tensor(np.fromfile(others[0], np.uint8)))
    return core().read_model(first.read_bytes())


def _unreadable(path: Path, error: Exception) -> ModelError:
    reason = reason_of(error)
    return ModelError(f"{path.name}: OpenVINO cannot take this model ({reason}); export it again")
