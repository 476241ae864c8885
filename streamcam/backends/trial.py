"""Try out a model file in a process of its own: a damaged or hostile one can crash what reads it, or fill the memory.

OpenVINO and TensorFlow check much of what they read, but not all. A file that OpenVINO has read, compiled and run once
there is read here. What TensorFlow reads is handed over as OpenVINO's file, so that TensorFlow is not loaded here.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from streamcam import errors
from streamcam.backends.format import likely_format
from streamcam.backends.openvino import files
from streamcam.backends.openvino.description import Description
from streamcam.backends.openvino.engine import core
from streamcam.backends.openvino.forward import Forward
from streamcam.backends.openvino.graph import Graph, describe
from streamcam.backends.savedmodel import read as saved
from streamcam.choices import InputLayout
from streamcam.errors import ModelError
from streamcam.models.layers import Layer
from streamcam.system.child import ChildProcess, serve_parent
from streamcam.system.libraries import load_openvino
from streamcam.system.wire import from_builtins

_PATIENCE = 600.0  # seconds for reading, compiling and running once
_MEMORY = 8 * 1024**3, 12  # bytes that it may take, and how many times the size of its files in addition


@dataclass(frozen=True, slots=True)
class Order:
    """What to try out.

    Attributes:
        path: a model file or a SavedModel folder.
        output: the name or the number of the output that gives the scores; None for the only one that may.
        folder: where to leave the forward graph as ``graph.xml``, or None.
    """

    path: Path
    output: str | int | None
    folder: Path | None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it.

    Attributes:
        description: what the file is.
        layers: of the forward graph that was left in the folder.
        layout: of its input.
    """

    description: Description
    layers: tuple[Layer, ...]
    layout: InputLayout


def needs_tensorflow(path: Path) -> bool:
    """Whether a model is a SavedModel folder or a frozen graph, which TensorFlow reads."""
    return likely_format(path) in ("savedmodel", "frozen-graph")


def files_of(path: Path) -> tuple[Path, ...]:
    """A model's files. Raises ``UnsafeModelError`` where one lies outside its folder, ``ModelError`` where one is missing."""
    return saved.files_of(path) if needs_tensorflow(path) else files.files_of(path)


def try_out(path: Path, output: str | int | None = None) -> tuple[Description, Forward | None]:
    """What a model file is, and its forward graph where ``read_forward`` would have to try it out again.

    Args:
        path: a ``.onnx``, ``.tflite``, ``.xml`` or ``.pb`` file, or a SavedModel folder.
        output: the name or the number of the output that gives the scores; None for the only one that may.

    Raises:
        UnsafeModelError: it asks for a file outside its folder, or its graph does more than compute tensors.
        LayerError: it has no spatial map.
        ModelError: it cannot be read, or is no image classifier.
    """
    if not needs_tensorflow(path):
        return _ordered(Order(path, output, None)).description, None
    with tempfile.TemporaryDirectory() as name:
        report = _ordered(Order(path, output, Path(name)))
        # Into memory: files that are in use cannot be removed everywhere.
        weights = load_openvino().Tensor(np.fromfile(Path(name) / "graph.bin", np.uint8))
        model = core().read_model((Path(name) / "graph.xml").read_bytes(), weights)
    return report.description, Forward(model, report.layers, report.layout)


def read_forward(path: Path, output: str | int | None = None) -> Forward:
    """The forward graph of a model file that was tried out. Raises as ``try_out`` does."""
    forward = try_out(path, output)[1] if needs_tensorflow(path) else None
    return forward or files.read_graph(path, output).forward


def _ordered(order: Order) -> Report:
    files_of(order.path)  # what is wrong with them is said without the wait
    said: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
    child = ChildProcess("streamcam.backends.trial", heard=said.put, ended=lambda: said.put(None))
    name = order.path.name
    try:
        child.send(order)
        answer = said.get(timeout=_PATIENCE)
    except Empty:
        raise ModelError(f"{name}: cannot be read within {_PATIENCE:.0f} seconds; export it again") from None
    finally:
        child.close()
    if answer is None:
        raise ModelError(f"{name}: a damaged model, which crashes what reads it; export it again")
    if "error" in answer:
        raise getattr(errors, answer["error"])(answer["message"])
    return from_builtins(answer, Report)


def _read(order: Order) -> tuple[Graph, Description]:
    if not needs_tensorflow(order.path):
        graph = files.read_graph(order.path, order.output)
        return graph, files.describe_file(graph, order.path)
    from streamcam.backends.savedmodel.graph import read_graph

    graph = read_graph(order.path, order.output)
    return graph, describe(graph)


def _limit_memory(path: Path) -> None:
    if sys.platform == "linux":
        import resource

        least, times = _MEMORY
        most = least + times * sum(file.stat().st_size for file in files_of(path))
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def main() -> None:
    """Do what the parent has ordered."""
    orders: SimpleQueue[Any] = SimpleQueue()
    send = serve_parent(orders.put)
    order = from_builtins(orders.get(), Order)
    try:
        _limit_memory(order.path)
        graph, description = _read(order)
        if order.folder:
            load_openvino().save_model(graph.forward.model, order.folder / "graph.xml", compress_to_fp16=False)
        send(Report(description, graph.forward.layers, graph.forward.layout))
    except errors.StreamcamError as error:
        send({"error": type(error).__name__, "message": str(error)})
    except MemoryError:
        message = f"{order.path.name}: takes more memory than any image classifier; export it again"
        send({"error": "ModelError", "message": message})


if __name__ == "__main__":
    main()
