"""Runs a Grad-CAM function in OpenVINO: the fast path on a CPU."""

from __future__ import annotations

import platform
from collections.abc import Callable
from functools import cache
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

from streamcam.backends.engine import Answer
from streamcam.backends.errors import ConversionError
from streamcam.backends.openvino.reasons import reason_of
from streamcam.choices import Precision
from streamcam.system.libraries import has_openvino, load_openvino
from streamcam.types import Float32Array, Int32Array, UInt8Array

if TYPE_CHECKING:
    import openvino

_TYPE_NAMES: dict[str, Precision] = {
    "f32": "f32",
    "f16": "f16",
    "bf16": "bf16",
    "float32": "f32",
    "float16": "f16",
    "bfloat16": "bf16",
}


class OpenVINOEngine:
    """Runs the converted graph in OpenVINO on the CPU.

    Args:
        model: an ``openvino.Model`` with the inputs and outputs of ``explain.graph``.
        precision: what to compute in; a processor without it uses the nearest it has, see ``precision`` afterwards. For
            ``int8``, the model is a quantised one, and what is left of it is computed in f32.
        in_flight: frames to work on at once, each on its share of the threads: more frames a second, a later answer.
        threads: threads to use; 0 for one a core.
        by_windows: see ``Engine``.
        frame: of a function in two stages, the ``openvino.Model`` of the first; ``model`` is the second then.

    Raises:
        ConversionError: OpenVINO cannot compile it.
    """

    name = "openvino"

    def __init__(
        self,
        model: Any,
        precision: Precision,
        *,
        in_flight: int = 1,
        threads: int = 0,
        by_windows: bool = False,
        frame: Any = None,
    ) -> None:
        compiled = _compiled(model, precision, in_flight, threads)
        used = compiled.get_property("INFERENCE_PRECISION_HINT")
        name = used.to_string() if hasattr(used, "to_string") else str(used)
        self.precision: Precision = "int8" if precision == "int8" else _TYPE_NAMES[name]
        self.in_flight, self.by_windows = in_flight, by_windows
        self.weights = sum(op.get_byte_size() for op in model.get_ops() if op.get_type_name() == "Constant")
        self.encode = compiled_answer(frame, precision, threads=threads) if frame is not None else None
        self._shape = tuple(model.inputs[0].get_shape())
        self._requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(in_flight):
            self._requests.put(compiled.create_infer_request())

    def start(self, image: UInt8Array | Float32Array, targets: Int32Array) -> Callable[[], Answer]:
        """See ``Engine``. Waits for one of the frames in flight when there are as many as there may be."""
        given: Any = image
        if self.encode and image.dtype == np.uint8:
            given = np.stack([self.encode(picture[np.newaxis]) for picture in image])
        request = self._requests.get()
        # Copied: the caller may change the image.
        request.start_async((np.ascontiguousarray(given).reshape(self._shape), targets))

        def answer() -> Answer:
            try:
                request.wait()
                heatmaps, probabilities, classes = (np.array(request.get_output_tensor(i).data) for i in range(3))
            finally:
                self._requests.put(request)
            return heatmaps, probabilities, classes

        return answer


def compiled_answer(model: Any, precision: Precision, *, threads: int = 0) -> Callable[[UInt8Array], Float32Array]:
    """A function from an image to what a model says of it, by an ``openvino.Model`` with one input and one output.

    Raises:
        ConversionError: OpenVINO cannot compile it.
    """
    compiled = _compiled(model, precision, 1, threads)
    idle: list[Any] = []  # several threads may ask

    def answer(image: UInt8Array) -> Float32Array:
        try:
            request = idle.pop()
        except IndexError:
            request = compiled.create_infer_request()
        request.infer((np.ascontiguousarray(image),))
        given = np.array(request.get_output_tensor(0).data, np.float32)
        idle.append(request)
        return given

    return answer


def _compiled(model: Any, precision: Precision, in_flight: int, threads: int) -> Any:
    settings: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": "f32" if precision == "int8" else precision,
        "PERFORMANCE_HINT": "LATENCY" if in_flight == 1 else "THROUGHPUT",
        "NUM_STREAMS": in_flight,
    }
    if threads:
        settings["INFERENCE_NUM_THREADS"] = threads
    try:
        return core().compile_model(model, "CPU", settings)
    except RuntimeError as error:
        raise ConversionError(f"it cannot be compiled: {reason_of(error)}") from error


@cache
def core() -> openvino.Core:
    """OpenVINO's entry point. One a process: each loads the plug-in of the processor anew."""
    return load_openvino().Core()


def processor_name() -> str:
    """What the processor is called; as the system has it where OpenVINO is not installed."""
    if not has_openvino():
        return platform.processor() or platform.machine()
    return str(core().get_property("CPU", "FULL_DEVICE_NAME")).strip()


def processor_abilities() -> tuple[str, ...]:
    """What OpenVINO says that this processor computes in; nothing where OpenVINO is not installed."""
    return tuple(core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")) if has_openvino() else ()


def cpu_precisions() -> tuple[Precision, ...]:
    """What this processor computes in by its own instructions, the fastest first."""
    able = processor_abilities()
    wanted: tuple[tuple[str, Precision], ...] = (("FP16", "f16"), ("BF16", "bf16"), ("FP32", "f32"))
    return tuple(name for capability, name in wanted if capability in able)
