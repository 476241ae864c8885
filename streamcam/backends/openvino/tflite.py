"""TensorFlow Lite files, with their tensors by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streamcam.backends.openvino.walk import behind, unique
from streamcam.system.libraries import load_openvino


def read_tflite(path: Path) -> Any:
    """An ``openvino.Model`` in which the tensors of the file have the names they have there.

    OpenVINO computes with the channels first. On the way there it moves transpositions through the graph, and what they
    pass loses its name. What stays is an output: every tensor is made one, with the transposition that it will need, and
    then the transpositions are moved.

    Raises:
        RuntimeError: OpenVINO cannot read it.
    """
    ov = load_openvino()
    from openvino import opset8
    from openvino.frontend import FrontEndManager

    frontend = FrontEndManager().load_by_framework("tflite")
    loaded = frontend.load(str(path))
    wanted = loaded.get_outputs()
    taken = {name for place in [*wanted, *loaded.get_inputs()] for name in place.get_names()}
    names: list[str] = []
    for node in frontend.decode(frontend.load(str(path))).get_ordered_ops():
        if node.get_type_name() not in ("Constant", "Parameter", "Result"):
            for output in node.outputs():
                names += [name for name in sorted(output.get_names())[:1] if name not in taken]
                taken |= output.get_names()
    places = [loaded.get_place_by_tensor_name(name) for name in names]
    loaded.override_all_outputs([*wanted, *(place for place in places if place)])
    model = frontend.convert(loaded)
    results = model.get_results()
    for result in results[len(wanted) :]:
        source = result.input_value(0)
        shape = source.get_partial_shape()
        if shape.rank.is_static and len(shape) == 4:
            result.input(0).replace_source_output(opset8.transpose(source, [0, 3, 1, 2]).output(0))
    model.validate_nodes_and_infer_types()
    frontend.normalize(model)
    given: set[str] = set()
    results = model.get_results()
    for result in results[len(wanted) :]:
        source = behind(result.input_value(0), {"Convert", "FakeQuantize", "Transpose"})
        # The name of a fused operation is that of all it was made of.
        name = unique(min(result.output(0).get_names()).split(";")[0], given.__contains__)
        given.add(name)
        source.get_node().set_friendly_name(name)
        source.set_names({name})
    return ov.Model(results[: len(wanted)], model.get_parameters(), "tflite")
