"""Relevance through attention: gradient times attention, multiplied along the blocks of a transformer.

Chefer, Gur and Wolf 2021, "Generic Attention-model Explainability for Interpreting Bi-Modal and Encoder-Decoder
Transformers" (arXiv:2103.15679), equations 5 and 6, for self-attention.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import numpy as np

from streamcam.backends.openvino.gradients.rules import (
    as_float32,
    constant,
    integers,
    multiply,
    ops,
    reshaped,
    shape_of,
)
from streamcam.errors import ModelError
from streamcam.system.libraries import load_openvino


def find_attention(image: Any, output: Any, tokens: Container[int], name: str) -> list[Any]:
    """The attention maps that the scores depend on, in the order of the network.

    Args:
        image: the parameter that the network's input is made from.
        output: of the network.
        tokens: how many there may be: the places of the map, and class tokens.
        name: of the model, in messages.

    Returns:
        Outputs of softmaxes: ``(1, heads, n, n)`` or ``(heads, n, n)``, a row for each token that looks.

    Raises:
        ModelError: it has no attention, or none of every patch to every other.
    """
    found = []
    for node in load_openvino().Model([ops().result(output)], [image], "network").get_ordered_ops():
        if node.get_type_name() != "Softmax" or not _is_attention(node):
            continue
        *heads, rows, columns = shape_of(node.output(0))
        if rows != columns or rows not in tokens or any(size != 1 for size in heads[:-1]):
            raise ModelError(
                f"{name}: its attention {node.get_friendly_name()} is not of every patch to every other "
                f"({'x'.join(map(str, (*heads, rows, columns)))}); use --method gradcam"
            )
        found.append(node.output(0))
    if not found:
        raise ModelError(f"{name}: has no attention; use --method gradcam")
    return found


def _is_attention(node: Any) -> bool:
    """Whether a softmax is over the columns of a stack of matrices, which that over classes is not."""
    shape = shape_of(node.output(0))
    axis = int(node.get_attributes()["axis"]) % len(shape)
    return len(shape) > 2 and axis == len(shape) - 1 and min(shape[-2:]) > 1


def relevance(maps: Sequence[Any], gradients: Sequence[Any], places: tuple[int, int]) -> Any:
    """``(h, w)`` float32 >= 0: how much of the score comes from each place by way of attention, to first order.

    From ``R = 1``, each block adds ``A R`` with ``A`` the mean over its heads of ``ReLU(gradient * attention)``. Of
    ``R`` those rows are averaged that the head of the network reads, as the gradient of the last attention tells: of the
    class token, or of all tokens where it takes their mean. The 1 that ``R`` began with is left out: it is the same for
    every place, and no evidence.

    Args:
        maps: of ``find_attention``.
        gradients: of the score with respect to each.
        places: ``(h, w)`` of the patches, which come last among the tokens.
    """
    total = None
    for attention, gradient in zip(maps, gradients, strict=True):
        count = shape_of(attention)[-1]
        product = ops().relu(multiply(as_float32(attention), as_float32(gradient)))
        mean = ops().reduce_mean(reshaped(product.output(0), (-1, count, count)), integers([0]), False).output(0)
        total = mean if total is None else ops().add(ops().add(total, mean), ops().matmul(mean, total, False, False))
    last = as_float32(gradients[-1])
    count = shape_of(last)[-1]
    largest = ops().reduce_max(reshaped(ops().absolute(last).output(0), (-1, count, count)), integers([0, 2]), False)
    read = ops().convert(ops().greater(largest, constant(0.0, last)), np.float32)
    row = ops().matmul(reshaped(read.output(0), (1, count)), total, False, False)
    row = ops().divide(row, ops().maximum(ops().reduce_sum(read, integers([0]), False), constant(1.0, last)))
    start = count - places[0] * places[1]
    patches = ops().slice(row, integers([start]), integers([count]), integers([1]), integers([1])).output(0)
    return reshaped(patches, places)


def unfuse_attention(model: Any) -> None:
    """Write every fused attention of a graph with static shapes as its parts, of which gradients are known.

    As OpenVINO defines ScaledDotProductAttention: ``softmax(scale * Q K^T + mask) V``.
    """
    for node in model.get_ordered_ops():
        if node.get_type_name() == "ScaledDotProductAttention":
            query, key, value, *more = node.input_values()
            size = shape_of(query)[-1]
            scale = more[1] if len(more) > 1 else constant(size**-0.5, query)
            scores = ops().matmul(multiply(query, scale), key, False, True).output(0)
            if node.get_attributes()["causal"]:
                earlier = np.greater_equal.outer(*(np.arange(size) for size in shape_of(scores)[-2:]))
                scores = _added(scores, ops().constant(earlier).output(0))
            elif more:
                scores = _added(scores, more[0])
            mixed = ops().matmul(ops().softmax(scores, -1), value, False, False).output(0)
            mixed.get_node().set_friendly_name(node.get_friendly_name())
            for consumer in node.output(0).get_target_inputs():
                consumer.replace_source_output(mixed)


def _added(scores: Any, mask: Any) -> Any:
    """Scores under a mask: one of numbers is added, one of truth keeps what is true."""
    if mask.get_element_type().is_real():
        return ops().add(scores, mask).output(0)
    return ops().select(mask, scores, constant(-np.inf, scores)).output(0)
