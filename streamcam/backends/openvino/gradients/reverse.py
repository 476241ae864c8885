"""The walk back through a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamcam.backends.openvino.gradients.rules import RULES, ops, unsupported


def gradients(score: Any, seed: Any, targets: Sequence[Any]) -> list[Any | None]:
    """The gradient of ``sum(seed * score)`` with respect to each target, as new operations of the graph.

    Args:
        score: an ``openvino.Output``; every shape between it and the targets must be static.
        seed: an ``openvino.Output`` of the score's shape.
        targets: tensors that the score depends on.

    Returns:
        An ``openvino.Output`` of each target's shape; None for one that the score does not depend on.

    Raises:
        UnsupportedOperationError: an operation between them has no rule.
    """
    order = _above(score.get_node(), targets)
    found: dict[tuple[str, int], Any] = {_key(score): seed}
    for node in reversed(order):
        given = [found.get((node.get_name(), index)) for index in range(node.get_output_size())]
        if all(gradient is None for gradient in given):
            continue
        for index, source in enumerate(node.input_values()):
            key = _key(source)
            if not _leads_on(source, order, targets):
                continue
            rule = RULES.get(node.get_type_name())
            if rule is None:
                raise unsupported(node)
            passed = rule(node, given if len(given) > 1 else given[0], index)
            if passed is not None:
                found[key] = ops().add(found[key], passed).output(0) if key in found else passed
    return [found.get(_key(target)) for target in targets]


def _above(last: Any, targets: Sequence[Any]) -> list[Any]:
    """The operations between the targets and the last one, in an order in which each stands behind its inputs."""
    wanted = {target.get_node().get_name() for target in targets}
    depends: dict[str, bool] = {}
    order: list[Any] = []
    stack = [(last, False)]
    while stack:
        node, done = stack.pop()
        name = node.get_name()
        if done:
            sources = [source.get_node().get_name() for source in node.input_values()]
            depends[name] = any(source in wanted or depends[source] for source in sources)
            if depends[name]:
                order.append(node)
        elif name not in depends:
            depends[name] = False  # until it is known; a graph has no circles
            stack.append((node, True))
            stack.extend((source.get_node(), False) for source in node.input_values())
    return order


def _leads_on(source: Any, order: Sequence[Any], targets: Sequence[Any]) -> bool:
    """Whether a tensor is a target or depends on one."""
    key = _key(source)
    return key in {_key(target) for target in targets} or key[0] in {node.get_name() for node in order}


def _key(output: Any) -> tuple[str, int]:
    return output.get_node().get_name(), output.get_index()
