"""A user's own model file, loaded without running any code from it."""

from __future__ import annotations

import json
import zipfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamcam.errors import ModelError, UnsafeModelError
from streamcam.models.keras2 import is_keras2, modernised

if TYPE_CHECKING:
    import keras

# Classes that rebuild pickled or marshalled code, or load further files.
_CODE_CLASSES = frozenset({"Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"})


def load_model_file(path: Path, *, trust: bool = False) -> keras.Model:
    """Load a ``.keras`` or ``.h5`` file.

    Args:
        path: the file.
        trust: allow the file to run code (Lambda layers). Only for files whose author you trust.

    Raises:
        UnsafeModelError: the file holds code and ``trust`` is False.
        ModelError: the file is missing, no Keras model, or needs classes that it does not bring.
    """
    config = _read_config(path)
    if not trust:
        _refuse_code(config, path)

    import keras

    try:
        with modernised(path) if is_keras2(path) else nullcontext(path) as readable:
            model = keras.models.load_model(readable, compile=False, safe_mode=not trust)
    except Exception as error:  # Keras raises TypeError, ValueError, KeyError, OSError, …
        raise _load_error(path, error) from error
    if not isinstance(model, keras.Model):
        raise ModelError(f"{path}: holds a {type(model).__name__}, not a Keras model")
    return model


def _read_config(path: Path) -> Any:
    """The model's architecture as plain data, read without Keras."""
    if path.is_dir():
        raise ModelError(f"{path}: is a folder; a SavedModel must first be saved as a .keras or .h5 file")
    try:
        if path.suffix.lower() == ".keras":  # told apart as Keras does it: by the ending
            with zipfile.ZipFile(path) as archive:
                return json.loads(archive.read("config.json"))
        return _read_h5_config(path)
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: not a Keras model file ({error}); save the model as .keras") from error
    except OSError as error:
        reason = "empty" if path.exists() and not path.stat().st_size else str(error)
        raise ModelError(f"{path}: not a readable Keras model ({reason}); give a .keras or .h5 file") from error


def _read_h5_config(path: Path) -> Any:
    import h5py

    with h5py.File(path, "r") as file:
        config = file.attrs.get("model_config")
        if config is None:
            raise ModelError(
                f"{path}: holds weights without a model; name the model as well: --model NAME --weights {path}"
            )
        return json.loads(config)


def _refuse_code(config: Any, path: Path) -> None:
    """Refuse what could run code. Keras' safe mode does so too; this also covers what it misses in legacy files."""
    if isinstance(config, list):
        for item in config:
            _refuse_code(item, path)
    if not isinstance(config, dict):
        return
    name, module = config.get("class_name"), config.get("module")
    if name in _CODE_CLASSES:
        raise UnsafeModelError(
            f"{path}: has a {str(name).strip('_')} layer, which runs code stored in the file; "
            "if you trust its author, load it with --trust-model"
        )
    if name is not None and isinstance(module, str) and module.split(".")[0] not in ("keras", "tf_keras", "builtins"):
        raise UnsafeModelError(
            f"{path}: asks for the code '{module}.{name}', which is not part of Keras; "
            "if you trust its author, load it with --trust-model"
        )
    for value in config.values():
        _refuse_code(value, path)


def _load_error(path: Path, error: Exception) -> ModelError:
    reason = " ".join(str(error).split())
    if "Could not locate class" in reason or "Unknown layer" in reason:
        return ModelError(
            f"{path}: uses a custom layer that the file does not bring ({reason[:160]}); "
            "load the model in Python, where its code is, and pass it to streamcam.GradCAM"
        )
    return ModelError(f"{path}: Keras cannot load this model ({reason[:300]})")
