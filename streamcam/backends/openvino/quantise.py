"""A forward graph in 8-bit integers, by NNCF: weights and the numbers between layers, calibrated on pictures.

Post-training quantisation as in Jacob et al. 2018 (arXiv:1712.05877), with NNCF's correction of the bias it brings. The
gradient passes a quantised number as if it were not (see the rule of ``FakeQuantize``).
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

from streamcam.backends.errors import ConversionError
from streamcam.backends.openvino.forward import Forward, of_size, shape_for
from streamcam.backends.openvino.reasons import reason_of
from streamcam.models.classifier import Classifier
from streamcam.system.libraries import load_openvino
from streamcam.types import UInt8Array

_WEIGHTED = ("Convolution", "GroupConvolution", "MatMul")
_FIRST, _LAST = 1, 3  # that stay in f32 where care is taken; the last are those that the map and the scores come from


def quantised(
    forward: Forward, classifier: Classifier, pictures: Sequence[UInt8Array], *, careful: bool = False
) -> Forward:
    """Quantise a forward graph; the layers keep their names and places.

    Args:
        forward: the graph; left as it is.
        classifier: whose graph.
        pictures: ``(H, W, 3)`` uint8 BGR, all of one size, to calibrate on.
        careful: keep the first and the last layers with weights in f32.

    Raises:
        ConversionError: NNCF cannot take it.
    """
    ov = load_openvino()  # before NNCF, which then finds nothing to report its use with
    from openvino import opset13

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import nncf

    logging.getLogger("nncf").setLevel(logging.ERROR)
    height, width = pictures[0].shape[:2]
    channels = 1 if classifier.preprocessing.order == "gray" else 3
    shape = shape_for(forward.layout, (height, width), channels)
    kind = forward.model.inputs[0].get_element_type().to_dtype()

    def prepared(picture: UInt8Array) -> Any:
        pixels = classifier.preprocessing.prepare(picture)
        return (pixels.transpose(2, 0, 1) if forward.layout == "nchw" else pixels).reshape(shape).astype(kind)

    # The taps would keep operations from being fused: they are found again by the names of the tensors' operations.
    model = forward.model.clone()
    scores, *taps = [result.input_value(0) for result in model.get_results()]
    places = [(tap.get_node().get_friendly_name(), tap.get_index()) for tap in taps]
    alone = ov.Model([opset13.result(scores)], model.get_parameters(), "scores")
    weighted = [
        n.get_friendly_name() for n in of_size(alone, shape).get_ordered_ops() if n.get_type_name() in _WEIGHTED
    ]
    kept = [*weighted[:_FIRST], *weighted[-_LAST:]] if careful else []
    try:
        # NNCF draws its progress on the terminal.
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            small = nncf.quantize(
                alone,
                nncf.Dataset([prepared(picture) for picture in pictures]),
                preset=nncf.QuantizationPreset.MIXED,
                subset_size=len(pictures),
                ignored_scope=nncf.IgnoredScope(names=kept, validate=False),
            )
    except Exception as error:  # NNCF and OpenVINO raise errors of many kinds
        raise ConversionError(f"NNCF cannot quantise it: {reason_of(error)}") from error
    nodes = {node.get_friendly_name(): node for node in small.get_ops()}
    try:
        outputs = [nodes[name].output(index) for name, index in places]
    except KeyError as error:
        raise ConversionError(f"NNCF has taken the layer {error} out of it") from error
    whole = [small.get_results()[0], *(opset13.result(output) for output in outputs)]
    return Forward(ov.Model(whole, small.get_parameters(), "forward"), forward.layers, forward.layout)
