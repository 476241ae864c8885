"""A user's own model file, loaded without running any code from it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamcam.backends.keras.container import container_of, objects_in, read_config
from streamcam.backends.keras.keras2 import readable
from streamcam.errors import ModelError, UnsafeModelError

if TYPE_CHECKING:
    import keras

_KERAS = frozenset({"keras", "tf_keras", "builtins"})
# Classes that rebuild pickled or marshalled code, or load further files.
_CODE_CLASSES = frozenset({"Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"})


def load_model_file(path: Path, *, trust: bool = False, imports: Sequence[str] = ()) -> keras.Model:
    """Load a Keras model, whatever it is called: a zip (``.keras``) or HDF5, of Keras 3 or 2.

    Args:
        path: the file.
        trust: allow the file to run code (Lambda layers). Only for files whose author you trust.
        imports: installed modules that hold the model's own layers; they are imported first.

    Raises:
        OptionError: one of ``imports`` cannot be imported.
        UnsafeModelError: the file holds code and ``trust`` is False, or reaches for other files.
        ModelError: the file is missing, no Keras model, or needs classes that it does not bring.
    """
    container = container_of(path)
    config = read_config(path, container)

    import keras

    from streamcam.backends.keras.imports import aliases, import_objects
    from streamcam.backends.keras.keras2_operations import OPERATIONS

    own = import_objects(imports)
    for item in objects_in(config):
        own |= aliases(item, own)
    if not trust:
        _refuse_code(config, path, imports, own)
    try:
        with readable(path, container) as file:
            model = keras.models.load_model(file, OPERATIONS | own, compile=False, safe_mode=not trust)
    except Exception as error:  # Keras raises TypeError, ValueError, KeyError, OSError, …
        raise _load_error(path, error) from error
    if not isinstance(model, keras.Model):
        raise ModelError(f"{path}: holds a {type(model).__name__}, not a Keras model")
    return model


def _refuse_code(config: Any, path: Path, imports: Sequence[str], own: Mapping[str, Any]) -> None:
    """Refuse what could run code. Keras' safe mode does so too; this also covers what it misses in legacy files.

    Allowed is what Keras brings, what lies in the modules that were named, and what Keras will take from them by name.
    """
    for item in objects_in(config):
        name, module = item.get("class_name"), item.get("module")
        if not isinstance(name, str):
            continue
        if name in _CODE_CLASSES:
            raise UnsafeModelError(
                f"{path}: has a {name.strip('_')} layer, which runs code stored in the file; "
                "if you trust its author, load it with --trust-model"
            )
        if not isinstance(module, str) or module.split(".")[0] in _KERAS or module in imports:
            continue
        asked = item.get("config") if name == "function" else name
        if not {asked if isinstance(asked, str) else name, str(item.get("registered_name"))} & own.keys():
            raise UnsafeModelError(
                f"{path}: asks for the code '{module}.{asked if isinstance(asked, str) else name}', which is not part of "
                f"Keras; if it is installed and yours, name it with --import {module}"
            )


def _load_error(path: Path, error: Exception) -> ModelError:
    reason = " ".join(str(error).split())
    if missing := re.search(r"(?:Could not locate (?:class|function)|Unknown layer:?) '([^']+)'", reason):
        return ModelError(
            f"{path}: uses {missing[1]}, which neither Keras nor the file brings; name the installed module that holds it: "
            "--import MODULE"
        )
    if isinstance(error, RecursionError):
        return ModelError(f"{path}: its models are nested too deeply to be loaded")
    reason = reason.rpartition("Exception encountered: ")[2]  # before it stands the whole description
    return ModelError(f"{path}: Keras cannot load this model ({type(error).__name__}: {reason[:300]})")
