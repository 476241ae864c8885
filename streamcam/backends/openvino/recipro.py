"""Recipro-CAM: what a network says of its map at one place, without gradients.

Byun and Lee 2022, "Recipro-CAM: Fast gradient-free visual explanations for convolutional neural networks"
(arXiv:2209.14074). What lies behind the target layer is run once for each place of the map, on a map that is zero
everywhere else. A place is kept by itself, the default of the authors' implementation for Datumaro, which the paper
refers to; their 3x3 Gaussian around it is left out. Class tokens are kept in every map, as the authors do for
transformers (arXiv:2310.02588). See ``formulas.support`` for what is made of the probabilities.

Behind an early layer there is more to run, and more often: as many times as the map has places.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from streamcam.backends.openvino.engine import core
from streamcam.backends.openvino.gradients.rules import integers, multiply, ops, reshaped, shape_of
from streamcam.backends.openvino.scores import Scores
from streamcam.errors import LayerError
from streamcam.models.classifier import Classifier
from streamcam.models.layers import Layer, places_of
from streamcam.system.libraries import load_openvino

_MOST_AT_ONCE = 64  # places
_MOST_NUMBERS = 2**23  # of the masked maps at once
_ALIKE = 1e-4  # of the largest probability: a batch against single runs


def by_place(image: Any, layer: Layer, tap: Any, output: Any, classifier: Classifier) -> Any:
    """``(p, C)`` float32: a row for each place of a map, the probabilities with that place alone.

    It is a loop in the graph over batches of places. A network that mixes the pictures of a batch, because its file has
    shapes for a single one in it, gets batches of one.

    Args:
        image: the parameter that the network's input is made from.
        layer: the target layer.
        tap: its tensor, with a static shape.
        output: of the network, with a static shape.
        classifier: which the network is of.

    Raises:
        LayerError: the scores do not depend on the layer.
    """
    load_openvino()
    beside = around(image, tap, output)
    if beside is None:
        raise LayerError(f"{layer.path}: the score of {classifier.name} does not depend on this layer")
    ends = [output, tap, *beside]
    count = int(np.prod(places_of(layer, shape_of(tap))))
    most = min(_MOST_AT_ONCE, max(1, _MOST_NUMBERS // int(np.prod(shape_of(tap)))))
    if shape_of(tap)[0] > 1:
        most = 1  # the batch is time
    batch = max(n for n in range(1, most + 1) if count % n == 0)
    body = _body(image, layer, ends, classifier, 1)
    if batch > 1:
        try:
            wide = _body(image, layer, ends, classifier, batch)
            body, batch = (wide, batch) if _are_alike(wide, body, batch) else (body, 1)
        except RuntimeError:  # of OpenVINO: shapes that do not fit
            batch = 1
    places, *given = body.get_parameters()
    loop = ops().tensor_iterator()
    loop.set_body(body)
    numbers = ops().constant(np.arange(count, dtype=np.int32)).output(0)
    loop.set_sliced_input(places, numbers, 0, batch, batch, -1, 0)
    for parameter, tensor in zip(given, ends[1:], strict=True):
        loop.set_invariant_input(parameter, tensor)
    return loop.get_concatenated_slices(body.get_results()[0].output(0), 0, batch, batch, -1, 0)


def around(image: Any, tap: Any, output: Any) -> list[Any] | None:
    """What operations behind a tensor take of the image beside it; None where the output does not lie behind it."""
    whole = load_openvino().Model([ops().result(output), ops().result(tap)], [image], "network")
    moving, behind = {image.get_name()}, set()
    found: dict[tuple[str, int], Any] = {}
    for node in whole.get_ordered_ops():
        sources = {(source.get_node().get_name(), source.get_index()): source for source in node.input_values()}
        if any(name in moving for name, _ in sources):
            moving.add(node.get_name())
        is_tap = {key: _is_same(source, tap) for key, source in sources.items()}
        if any(is_tap[key] or key[0] in behind for key in sources):
            behind.add(node.get_name())
            beside = {key: s for key, s in sources.items() if key[0] in moving - behind and not is_tap[key]}
            found |= beside
    return [*found.values()] if output.get_node().get_name() in behind else None


def _is_same(one: Any, other: Any) -> bool:
    return bool(one.get_index() == other.get_index() and one.get_node().get_name() == other.get_node().get_name())


def _body(image: Any, layer: Layer, ends: list[Any], classifier: Classifier, batch: int) -> Any:
    """What lies behind a layer as a model: ``(batch,)`` places, the map, what goes around it -> ``(batch, C)`` float32.

    Raises:
        RuntimeError: it takes no batch of this size.
    """
    ov = load_openvino()
    copy = ov.Model([ops().result(end) for end in ends], [image], "network").clone()
    output, *cuts = (result.input_value(0) for result in copy.get_results())
    places = ops().parameter([batch], np.int32)
    given = [ops().parameter(list(shape_of(cut)), cut.get_element_type()) for cut in cuts]
    masked = _masked(given[0].output(0), layer, places)
    for cut, tensor in zip(cuts, [masked, *(parameter.output(0) for parameter in given[1:])], strict=True):
        for consumer in cut.get_target_inputs():
            if consumer.get_node().get_type_name() != "Result":
                consumer.replace_source_output(tensor)
    ov.Model([ops().result(output)], [places, *given], "behind").validate_nodes_and_infer_types()
    if shape_of(output) != (batch, *shape_of(ends[0])[1:]):
        raise RuntimeError("its shapes are those of one picture")
    rows = Scores(output, classifier, batch).rows
    return ov.Model([ops().result(rows)], [places, *given], "behind the layer")


def _masked(tensor: Any, layer: Layer, places: Any) -> Any:
    """The tensor once for each of these places, with zeros elsewhere."""
    shape = shape_of(tensor)
    grid: tuple[int, ...] = places_of(layer, shape)
    numbers = ops().constant(np.arange(int(np.prod(grid)), dtype=np.int32)[np.newaxis])
    kept = ops().equal(ops().unsqueeze(places, integers(1)), numbers).output(0)
    (batch,) = places.get_output_shape(0)
    if shape[0] > 1:  # time steps in place of the batch
        batch, grid = grid[0], grid[1:]
        kept = reshaped(kept, (batch, int(np.prod(grid))))
    if layer.layout == "tokens":
        others = ops().constant(np.ones((batch, shape[1] - shape_of(kept)[1]), bool))
        kept = ops().concat([others, kept], 1).output(0)
        form: tuple[int, ...] = (batch, -1, 1)
    else:
        form = (batch, 1, *grid) if layer.layout in ("nchw", "ncthw") else (batch, *grid, 1)
    mask = ops().convert(reshaped(kept, form), tensor.get_element_type()).output(0)
    return multiply(tensor, mask)


def _are_alike(wide: Any, single: Any, batch: int) -> bool:
    """Whether the first and the last of a batch come out as they do alone, for random numbers."""
    random = np.random.default_rng(0)
    _, *given = wide.get_parameters()
    numbers = [
        random.standard_normal(tuple(p.get_output_shape(0))).astype(p.get_output_element_type(0).to_dtype())
        for p in given
    ]
    compiled = [core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}) for model in (wide, single)]
    together = compiled[0]([np.arange(batch, dtype=np.int32), *numbers])[0]
    for place in (0, batch - 1):
        alone = compiled[1]([np.array([place], np.int32), *numbers])[0][0]
        most = _ALIKE * float(np.abs(alone).max())
        if not np.allclose(together[place], alone, rtol=0, atol=most, equal_nan=True):
            return False
    return True
