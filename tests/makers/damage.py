"""Keras model files damaged on purpose; a seed gives the same damage.

``python -m makers.damage h5 300 0`` (in ``tests``) loads 300 of a format and a seed, and says how many were refused.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
import zipfile
from pathlib import Path

import h5py
import numpy as np
from numpy.random import Generator

from makers.hostile import cut, flipped

NUMBERS = ("-1", "0", "1", "3", "65536", "2147483648", "1e300", "null", '"x"', "[]", "{}", "true")


def blanked(data: bytes, random: Generator) -> bytes:
    """Up to 600 bytes of zeros somewhere."""
    at = int(random.integers(0, len(data)))
    return data[:at] + bytes(len(data[at : at + 600])) + data[at + 600 :]


def repacked(data: bytes, random: Generator) -> bytes:
    """Bits of the weights flipped, in an archive whose checksums are right; of an HDF5 file, the first 2,048 bytes."""
    if data[:2] != b"PK":
        return flipped(data[:2048], random) + data[2048:]
    return _packed(data, "model.weights.h5", lambda held: flipped(held[:4096], random) + held[4096:])


def described(data: bytes, random: Generator) -> bytes:
    """One or two values of the model's description replaced."""

    def change(text: str) -> str:
        for _ in range(int(random.integers(1, 3))):
            places = list(re.finditer(r"(?<=: )(\d+|null|true|false|\"\w+\")|(?<=[\[ ])\d+(?=[,\]])", text))
            place = places[int(random.integers(len(places)))]
            text = text[: place.start()] + NUMBERS[int(random.integers(len(NUMBERS)))] + text[place.end() :]
        return text

    if data[:2] == b"PK":
        return _packed(data, "config.json", lambda held: change(held.decode()).encode())
    held = io.BytesIO(data)
    with h5py.File(held, "r+") as file:
        file.attrs["model_config"] = change(json.dumps(json.loads(file.attrs["model_config"])))
    return held.getvalue()


KINDS = (cut, flipped, blanked, repacked, described)


def _packed(data: bytes, name, change) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(held, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            new.writestr(member, change(content) if member == name else content)
    return held.getvalue()


def load_damaged(whole: Path, count: int, folder: Path, seed: int = 0) -> int:
    """Load a file damaged in ``count`` ways; how many were refused. Any other end is an error, which names the seed."""
    from streamcam.backends.keras.files import load_model_file
    from streamcam.errors import StreamcamError

    refused = 0
    for number in range(count):
        random = np.random.default_rng([seed, number])
        path = folder / f"damaged{whole.suffix}"
        path.write_bytes(KINDS[number % len(KINDS)](whole.read_bytes(), random))
        try:
            load_model_file(path)
        except StreamcamError as error:
            refused += 1
            if "\n" in str(error):
                raise AssertionError(f"{whole.name}, seed {seed}, number {number}: several lines: {error}") from error
        except Exception as error:
            raise AssertionError(f"{whole.name}, seed {seed}, number {number}: {error!r}") from error
    return refused


if __name__ == "__main__":
    from makers import models

    with tempfile.TemporaryDirectory() as place:
        whole = Path(place) / f"m.{sys.argv[1]}"
        models.flat().model.save(whole)
        print(load_damaged(whole, int(sys.argv[2]), Path(place), seed=int(sys.argv[3])))
