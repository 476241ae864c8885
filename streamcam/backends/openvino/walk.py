"""Looking at the operations of an OpenVINO graph."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

import numpy as np
import numpy.typing as npt

# What only brings a tensor into another form.
FORMS = frozenset({"Convert", "FakeQuantize", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})


def kind_of(output: Any) -> str:
    """The operation type of the node that gives this output."""
    return str(output.get_node().get_type_name())


def behind(output: Any, kinds: Container[str]) -> Any:
    """The output that comes out of all nodes of these kinds on the way up, by their first inputs."""
    while kind_of(output) in kinds:
        output = output.get_node().input_value(0)
    return output


def constant_of(output: Any) -> npt.NDArray[Any] | None:
    """The value of a constant, or None. A conversion of it to another type is looked through."""
    output = behind(output, {"Convert"})
    return np.asarray(output.get_node().data) if kind_of(output) == "Constant" else None


def static_shape(output: Any) -> tuple[int, ...] | None:
    """The shape, or None where part of it is free."""
    shape = output.get_partial_shape()
    return tuple(shape.to_shape()) if shape.is_static else None


def leads_to(start: Any, end: Any, blocked: Any) -> bool:
    """Whether a node can be reached from another against the direction of the graph, not by way of a third."""
    avoided, goal = blocked.get_name(), end.get_name()
    seen, waiting = {avoided}, [start]
    while waiting:
        node = waiting.pop()
        if node.get_name() == goal:
            return True
        if node.get_name() not in seen:
            seen.add(node.get_name())
            waiting += [value.get_node() for value in node.input_values()]
    return False


def names_of(output: Any) -> tuple[str, ...]:
    """What an output of a model can be called: its tensor's names, and its node's."""
    node = output.get_node()
    source = node.input_value(0).get_node() if node.get_type_name() == "Result" else node
    return tuple(dict.fromkeys([*sorted(output.get_names()), source.get_friendly_name()]))


def unique(name: str, is_taken: Callable[[str], bool]) -> str:
    """The name, with a number after it where it is taken."""
    found, number = name, 1
    while is_taken(found):
        number += 1
        found = f"{name}_{number}"
    return found
