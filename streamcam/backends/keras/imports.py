"""The user's own modules, whose layers a model file may need."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamcam.errors import OptionError

_LIBRARIES = frozenset({"keras", "tf_keras", "tensorflow", "numpy", "builtins"})


def import_objects(names: Sequence[str]) -> dict[str, Any]:
    """Import modules, and give what model files may ask of them, by name.

    That is what the modules registered with Keras (``package>name``), the classes of Keras' kinds that they hold, and
    the functions that they define. Modules are found where Python finds them by itself.

    Raises:
        OptionError: there is no such module, or it cannot be imported.
    """
    import keras

    objects: dict[str, Any] = {}
    for name in names:
        for key, value in vars(_module(name)).items():
            if _is_class(value) or (inspect.isfunction(value) and is_inside(value.__module__, names)):
                objects[key] = value
    for key, value in keras.saving.get_custom_objects().items():
        if is_inside(getattr(value, "__module__", None), names):
            objects[key] = value
    return objects


def sources_of(name: str) -> str:
    """A checksum of the Python files of the package that a module lies in; what is kept for a model is kept under it.

    Nothing is imported; empty where there is no such package, which is said when it is imported.
    """
    try:
        spec = importlib.util.find_spec(name.split(".")[0])
    except (ImportError, ValueError):
        return ""
    if spec is None:
        return ""
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = sorted(file for folder in folders for file in folder.rglob("*.py")) or [Path(spec.origin or "")]
    found = hashlib.sha256()
    for file in files:
        if file.is_file():
            found.update(file.read_bytes())
    return found.hexdigest()


def is_inside(module: Any, names: Sequence[str]) -> bool:
    """Whether a module is one of those that were named, or lies inside one."""
    return isinstance(module, str) and any(module == name or module.startswith(f"{name}.") for name in names)


def aliases(config: Mapping[str, Any], objects: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry of a model's description asks for, under the name by which Keras looks it up.

    A class that was registered, or written in a notebook, when the model was saved, is found by its plain name too.
    """
    registered, name = config.get("registered_name"), config.get("class_name")
    if name == "function":
        name = config.get("config")
    if isinstance(registered, str) and registered not in objects and isinstance(name, str) and name in objects:
        return {registered: objects[name]}
    return {}


def _is_class(value: Any) -> bool:
    return inspect.isclass(value) and hasattr(value, "get_config") and value.__module__.split(".")[0] not in _LIBRARIES


def _module(name: str) -> Any:
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", name):
        raise OptionError(f"--import {name}: takes the name of an installed module, such as my_package.layers, no path")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise OptionError(
                f"--import {name}: Python finds no module {error.name}; install it beside streamcam with pip, or name "
                "its folder in PYTHONPATH (the current folder is not searched)"
            ) from error
        raise OptionError(f"--import {name}: needs {error.name}, which is not installed; install it") from error
    except Exception as error:  # a module may raise anything
        reason = " ".join(str(error).split())[:200]
        raise OptionError(f"--import {name}: cannot be imported ({type(error).__name__}: {reason})") from error
