"""Files that Keras 2 wrote (Teachable Machine still does), made readable for Keras 3."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# What later versions of Keras 2 say of where a class lives; without it Keras 3 looks the class up by its name.
_WHEREABOUTS = frozenset({"module", "registered_name", "build_config"})


def is_keras2(path: Path) -> bool:
    """Whether an HDF5 file was written by Keras 2."""
    import h5py

    if not h5py.is_hdf5(path):
        return False
    with h5py.File(path, "r") as file:
        version = file.attrs.get("keras_version", "")
    return (version.decode() if isinstance(version, bytes) else str(version)).startswith("2.")


@contextmanager
def modernised(path: Path) -> Iterator[Path]:
    """A temporary copy of a Keras 2 file whose description of the model is one that Keras 3 understands."""
    import h5py

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"{path.stem}.h5"
        shutil.copyfile(path, copy)
        with h5py.File(copy, "r+") as file:
            file.attrs["model_config"] = json.dumps(modern_config(json.loads(file.attrs["model_config"])))
        yield copy


def modern_config(config: Any) -> Any:
    """The description of a model in the way of Keras 3.

    Three things differ: a ``DepthwiseConv2D`` no longer has ``groups``; the only input or output of a functional model
    is given as itself and not as a list of one, which Keras 3 would take for a list when the model is nested; and
    classes have moved.
    """
    if isinstance(config, list):
        return [modern_config(item) for item in config]
    if not isinstance(config, dict):
        return config
    modern = {key: modern_config(value) for key, value in config.items() if key not in _WHEREABOUTS}
    if modern.get("class_name") == "DepthwiseConv2D":
        modern["config"].pop("groups", None)
    for ends in ("input_layers", "output_layers"):
        value = modern.get(ends)
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
            modern[ends] = value[0]
    return modern
