"""What a SavedModel folder or a frozen graph holds, taken from its protocol buffers and its checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamcam.backends.savedmodel.operations import CALLS, VARIABLES, forbidden
from streamcam.errors import ModelError, UnsafeModelError

_INPUTS = ("Placeholder",)  # not one with a default, which needs no value
_VALUE = "VARIABLE_VALUE"
# What keeps functions from being put in the place of their calls, and shapes that are found anew.
_HINTS = ("_XlaMustCompile", "_noinline", "_output_shapes")


@dataclass(frozen=True, slots=True)
class Content:
    """A graph as data.

    Attributes:
        graph: a ``GraphDef`` of what the outputs need, all of it allowed.
        inputs: tensors that are fed, by the names people give them.
        outputs: tensors that are given, by the names people give them.
        variables: node name -> value.
    """

    graph: Any
    inputs: dict[str, str]
    outputs: dict[str, str]
    variables: dict[str, Any]


def files_of(path: Path) -> tuple[Path, ...]:
    """The files of a SavedModel folder, or the one of a frozen graph, none of them outside.

    Raises:
        UnsafeModelError: a link leads outside.
        ModelError: it is missing, empty, or no such folder.
    """
    if path.is_dir():
        if not (path / "saved_model.pb").is_file():
            raise ModelError(f"{path}: is a folder without saved_model.pb; give a SavedModel folder or a model file")
        found = (path / "saved_model.pb", *sorted((path / "variables").glob("variables.*")))
        for file in found:
            if not file.resolve().is_relative_to(path.resolve()):
                raise UnsafeModelError(
                    f"{path}: {file.name} in it is a link to a place outside of it; put the file there"
                )
        return found
    if not path.is_file() or not path.stat().st_size:
        raise ModelError(f"{path}: {'empty' if path.exists() else 'no such model file'}; give a model file")
    return (path,)


def read_saved_model(folder: Path) -> Content:
    """Read a SavedModel: its signature ``serving_default``, or the only one it has.

    Raises:
        UnsafeModelError: its graph does more than compute tensors.
        ModelError: it cannot be read, or has no such signature.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString((folder / "saved_model.pb").read_bytes())
    except (DecodeError, OSError) as error:
        raise ModelError(f"{folder}: not a readable SavedModel ({error}); save the model again") from error
    serving = [graph for graph in saved.meta_graphs if "serve" in graph.meta_info_def.tags] or list(saved.meta_graphs)
    if not serving:
        raise ModelError(f"{folder}: holds no graph; save the model again")
    found = serving[0]
    signatures = {name: value for name, value in found.signature_def.items() if not name.startswith("__")}
    name = "serving_default" if "serving_default" in signatures else next(iter(signatures), None)
    if name is None or (name != "serving_default" and len(signatures) > 1):
        listed = f"the signatures {', '.join(sorted(signatures))}" if signatures else "no signature"
        raise ModelError(f"{folder}: has {listed} and none called serving_default; export it with that one")
    inputs = {key: value.name for key, value in sorted(signatures[name].inputs.items())}
    outputs = {key: value.name for key, value in sorted(signatures[name].outputs.items())}
    graph = _needed(found.graph_def, outputs.values(), folder)
    variables = {node.name for node in graph.node if node.op in VARIABLES}
    return Content(graph, inputs, outputs, _values(found, variables, folder) if variables else {})


def read_frozen(path: Path) -> Content:
    """Read a frozen graph: its inputs are its placeholders, its outputs are what nothing else uses.

    Raises:
        UnsafeModelError, ModelError: as ``read_saved_model`` does.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.framework import graph_pb2

    graph = graph_pb2.GraphDef()
    try:
        graph.ParseFromString(path.read_bytes())
    except (DecodeError, OSError) as error:
        raise ModelError(f"{path}: not a readable frozen graph ({error}); export it again") from error
    used = {_node_of(name) for node in graph.node for name in node.input}
    ends = [node for node in graph.node if node.name not in used and node.op not in ("NoOp", "Const", *_INPUTS)]
    if not ends:
        raise ModelError(f"{path}: not a frozen graph, as it computes nothing; export it again")
    outputs = {node.name: f"{node.name}:0" for node in ends}
    needed = _needed(graph, outputs.values(), path)
    if any(node.op in VARIABLES for node in needed.node):
        raise ModelError(f"{path}: has variables without values; freeze the graph, or give the SavedModel folder")
    inputs = {node.name: f"{node.name}:0" for node in needed.node if node.op in _INPUTS}
    return Content(needed, inputs, outputs, {})


def _node_of(tensor: str) -> str:
    return tensor.lstrip("^").split(":")[0]


def _needed(graph: Any, tensors: Any, path: Path) -> Any:
    """The part of a graph that tensors depend on, with the functions that it calls."""
    nodes = {node.name: node for node in graph.node}
    functions = {function.signature.name: function for function in graph.library.function}
    found: dict[str, Any] = {}
    called: dict[str, Any] = {}
    waiting = [_node_of(tensor) for tensor in tensors]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        if name not in nodes:
            raise ModelError(f"{path}: damaged, as its graph lacks the node {name}; save the model again")
        found[name] = nodes[name]
        waiting += [_node_of(value) for value in nodes[name].input]
    following = list(found.values())
    while following:
        for name in _calls(following.pop()):
            if name in functions and name not in called:
                called[name] = functions[name]
                following += functions[name].node_def
    operations = [node.op for node in found.values()]
    operations += [node.op for function in called.values() for node in function.node_def]
    if refused := forbidden(operations):
        if all("Random" in operation or operation == "AssignVariableOp" for operation in refused):
            raise ModelError(
                f"{path}: changes its pictures at random, as Keras 3 exports a model with augmentation layers; export it "
                "without them"
            )
        raise UnsafeModelError(
            f"{path}: its graph has operations that could run code or touch files, or that no image classifier needs "
            f"({', '.join(refused[:5])}); export the network alone"
        )
    needed = type(graph)()
    needed.versions.CopyFrom(graph.versions)
    needed.node.extend(node for node in graph.node if node.name in found)
    needed.library.function.extend(called.values())
    bodies = needed.library.function
    for node in [*needed.node, *(node for function in bodies for node in function.node_def)]:
        node.device = ""
    for part in [*needed.node, *bodies, *(node for function in bodies for node in function.node_def)]:
        for hint in _HINTS:
            part.attr.pop(hint, None)
    return needed


def _calls(node: Any) -> list[str]:
    """The functions that a node may call."""
    values = list(node.attr.values())
    return [
        *(value.func.name for value in values),
        *(function.name for value in values for function in value.list.func),
    ]


def _values(found: Any, variables: set[str], folder: Path) -> dict[str, Any]:
    """The values of variables, by the names of their nodes."""
    import tensorflow as tf

    try:
        reader = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
        keys = _keys(found, reader)
        stored = set(reader.get_variable_to_shape_map())
        values = {name: reader.get_tensor(keys.get(name, name)) for name in variables if keys.get(name, name) in stored}
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:160]
        raise ModelError(f"{folder}: its weights cannot be read ({reason}); save the model again") from error
    if missing := sorted(variables - set(values)):
        raise ModelError(f"{folder}: has no weights for {', '.join(missing[:3])}; save the model again")
    return values


def _keys(found: Any, reader: Any) -> dict[str, str]:
    """Node name -> key in the checkpoint, by the objects that functions were saved with. Graphs of TensorFlow 1 have none."""
    from tensorflow.core.protobuf import trackable_object_graph_pb2

    keys: dict[str, str] = {}
    if not reader.has_tensor("_CHECKPOINTABLE_OBJECT_GRAPH"):
        return keys
    objects = trackable_object_graph_pb2.TrackableObjectGraph.FromString(
        reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH")
    ).nodes
    of_object = {i: a.checkpoint_key for i, node in enumerate(objects) for a in node.attributes if a.name == _VALUE}
    functions = found.object_graph_def.concrete_functions
    for node in found.graph_def.node:
        if node.op in CALLS and node.attr["f"].func.name in functions:
            bound = list(functions[node.attr["f"].func.name].bound_inputs)
            inputs = [name for name in node.input if not name.startswith("^")]
            for name, number in zip(inputs[len(inputs) - len(bound) :], bound, strict=False):
                if number in of_object:
                    keys[_node_of(name)] = of_object[number]
    return keys
