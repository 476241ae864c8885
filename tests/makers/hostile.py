"""Model files damaged on purpose: bytes anywhere, and numbers where the format has some. A seed gives the same damage."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx

NUMBERS = (-(2**63), -(2**31), -2, -1, 0, 1, 2, 3, 255, 2**16, 2**31 - 1, 2**32, 2**40, 2**63 - 1)


def flipped(data: bytes, random: np.random.Generator) -> bytes:
    """1 to 8 bits flipped anywhere."""
    changed = bytearray(data)
    for at in random.integers(0, len(data), int(random.integers(1, 9))):
        changed[at] ^= 1 << int(random.integers(8))
    return bytes(changed)


def cut(data: bytes, random: np.random.Generator) -> bytes:
    """Cut off at a random place."""
    return data[: int(random.integers(1, len(data)))]


def numbers(data: bytes, random: np.random.Generator) -> bytes:
    """Up to three aligned 32-bit numbers replaced by odd ones."""
    changed = bytearray(data)
    for at in random.integers(0, len(data) // 4, int(random.integers(1, 4))):
        changed[4 * at : 4 * at + 4] = struct.pack("<I", int(random.choice(NUMBERS)) % 2**32)
    return bytes(changed)


def onnx_fields(data: bytes, random: np.random.Generator) -> bytes:
    """One or two fields of an ONNX file replaced: sizes, attributes, types, names."""
    model = onnx.load_from_string(data)
    graph = model.graph
    kinds = [node.op_type for node in graph.node]
    for _ in range(int(random.integers(1, 3))):
        changes: list[Callable[[], Any]] = []
        for node in graph.node:
            changes += [lambda node=node, i=i: _assign(node.input, i, random) for i in range(len(node.input))]
            changes.append(lambda node=node: setattr(node, "op_type", str(random.choice(kinds))))
            for attribute in node.attribute:
                if attribute.ints:
                    changes += [lambda a=attribute: _number(a.ints, random)] * 4
                else:
                    changes += [lambda a=attribute: setattr(a, "i", int(random.choice(NUMBERS)))] * 4
        for tensor in graph.initializer:
            changes += [
                lambda t=tensor: _number(t.dims, random),
                lambda t=tensor: setattr(t, "data_type", int(random.integers(24))),
            ]
        for side in graph.input[0].type.tensor_type.shape.dim:
            changes += [lambda d=side: setattr(d, "dim_value", int(random.choice(NUMBERS)))] * 2
        changes[int(random.integers(len(changes)))]()
    return bytes(model.SerializeToString())


def _number(values: Any, random: np.random.Generator) -> None:
    values[int(random.integers(len(values)))] = int(random.choice(NUMBERS))


def _assign(names: Any, i: int, random: np.random.Generator) -> None:
    names[i] = str(random.choice([*names, "image", "nothing", ""]))


def xml_fields(data: bytes, random: np.random.Generator) -> bytes:
    """One or two numbers of an XML file replaced."""
    for _ in range(int(random.integers(1, 3))):
        places = list(re.finditer(rb"(?<=[\">, ])-?\d+(?=[\"<, ])", data))
        place = places[int(random.integers(len(places)))]
        data = data[: place.start()] + str(int(random.choice(NUMBERS))).encode() + data[place.end() :]
    return data


DAMAGES: dict[str, tuple[Callable[[bytes, np.random.Generator], bytes], ...]] = {
    ".onnx": (onnx_fields, onnx_fields, flipped, cut),
    ".tflite": (numbers, numbers, flipped, cut),
    ".xml": (xml_fields, xml_fields, flipped, cut),
    ".pb": (flipped, flipped, flipped, cut),
}


def damaged(whole: Path, folder: Path, seeds: range) -> Iterator[Path]:
    """Write damaged copies of a model file, with an undamaged ``.bin`` beside them where it has one."""
    damages = DAMAGES[whole.suffix]
    for seed in seeds:
        damage = damages[seed % len(damages)]
        path = folder / f"{damage.__name__}{seed}{whole.suffix}"
        path.write_bytes(damage(whole.read_bytes(), np.random.default_rng(seed)))
        if whole.suffix == ".xml":
            path.with_suffix(".bin").write_bytes(whole.with_suffix(".bin").read_bytes())
        yield path
