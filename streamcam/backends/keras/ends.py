"""Both ends of a Keras model: the one image or clip that it takes, and the one output that holds a score for each class."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamcam.choices import InputLayout
from streamcam.errors import ModelError
from streamcam.models.classifier import USUAL_FRAMES, ClipInput

if TYPE_CHECKING:
    import keras

# Words in the name of a single output that say that it is a quantity, and not yes or no.
_QUANTITIES = frozenset({"age", "bbox", "box", "price", "regression", "regressor"})

# A name, or a number from 0 on, of one of a model's outputs.
OutputKey = str | int | None


@dataclass(frozen=True, slots=True)
class ImageInput:
    """What a model takes.

    Attributes:
        height: in pixels.
        width: in pixels.
        channels: 3, or 1 for a gray image.
        layout: the order of its axes.
        clip: of a video classifier, how many pictures it takes.
    """

    height: int
    width: int
    channels: int
    layout: InputLayout
    clip: ClipInput | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """``(height, width, channels)``, with the number of frames before them where it takes clips."""
        picture = self.height, self.width, self.channels
        return (self.clip.frames, *picture) if self.clip else picture


def image_input(model: keras.Model, name: str, size: tuple[int, int] | None = None) -> ImageInput:
    """The image that a model takes: ``(batch, h, w, c)``, ``(batch, c, h, w)`` with 1 or 3 channels, or ``(batch, h, w)``.

    Or the clip: ``(batch, time, h, w, c)``.

    Args:
        model: any Keras model; a subclassed one, which does not say, is taken to want ``(batch, h, w, 3)``.
        name: what it is called in errors.
        size: ``(height, width)`` for a model that takes any; 224x224 if None.

    Raises:
        ModelError: it takes something else, or more than one thing.
    """
    inputs = list(getattr(model, "inputs", None) or ())
    if len(inputs) > 1:
        raise ModelError(
            f"{name}: takes {len(inputs)} inputs ({_listed([(i.name, i.shape) for i in inputs])}); streamcam feeds a "
            "model one image and nothing else"
        )
    shape: Any = tuple(inputs[0].shape) if inputs else getattr(model, "input_shape", None) or (None, None, None, 3)
    given = size or (224, 224)

    def sides(height: int | None, width: int | None) -> tuple[int, int]:
        return height or given[0], width or given[1]

    if len(shape) == 5 and shape[4] in (1, 3):
        clip = ClipInput(shape[1] or USUAL_FRAMES, is_free=shape[1] is None)
        return ImageInput(*sides(shape[2], shape[3]), shape[4], "nthwc", clip)
    if len(shape) == 5:
        raise ModelError(
            f"{name}: takes input of shape {shape}; a video classifier takes (batch, time, height, width, 1 or 3)"
        )
    if len(shape) == 4 and (shape[3] in (1, 3) or (shape[3] is None and shape[1] not in (1, 3))):
        return ImageInput(*sides(shape[1], shape[2]), shape[3] or 3, "nhwc")
    if len(shape) == 4 and shape[1] in (1, 3):
        return ImageInput(*sides(shape[2], shape[3]), shape[1], "nchw")
    if len(shape) == 3:
        return ImageInput(*sides(shape[1], shape[2]), 1, "nhw")
    raise ModelError(
        f"{name}: takes input of shape {shape}; an image classifier takes (batch, height, width, 1 or 3), "
        "(batch, 1 or 3, height, width) or (batch, height, width), a video classifier (batch, time, height, width, 1 or 3)"
    )


def arranged(image: Any, layout: InputLayout, model: keras.Model) -> Any:
    """``(1, h, w, c)`` as the model takes it: with its axes in this order, and in a dict where it takes one."""
    import tensorflow as tf

    if layout == "nchw":
        image = tf.transpose(image, [0, 3, 1, 2])
    elif layout == "nhw":
        image = image[..., 0]
    try:
        structure: Any = model.input
    except (AttributeError, ValueError):  # a subclassed model has none
        return image
    return {next(iter(structure)): image} if isinstance(structure, dict) else image


def output_at(result: Any, key: OutputKey) -> Any:
    """``(1, classes)`` scores: the output of this key in what a model gave; ``(1, 1, 1, classes)`` loses two axes."""
    import tensorflow as tf

    output = result if key is None else result[key]
    return tf.reshape(output, (1, -1)) if len(output.shape) > 2 else output


def find_output(result: Any, model: keras.Model, name: str, wanted: OutputKey) -> tuple[OutputKey, str]:
    """The output of a model that holds its classes.

    Args:
        result: what it gave for one image: a tensor, or a list or dict of them.
        model: which gave it.
        name: what it is called in errors.
        wanted: name or number of the output, None for the only one that looks like a classifier's.

    Returns:
        Its key in ``result``, None where that is a tensor; and a line where one was chosen among several, else "".

    Raises:
        ModelError: there is no such output, none or more than one that looks like a classifier's.
    """
    outputs = _named(result, model)
    shapes = {title: tuple(getattr(tensor, "shape", ())) for _, title, tensor in outputs}
    keys = {title: key for key, title, _ in outputs}
    listed = _listed(list(shapes.items()))
    if wanted is not None:
        title = str(wanted) if str(wanted) in keys else _at(list(keys), wanted)
        if title is None:
            raise ModelError(f"{name}: has no output {wanted}; its outputs are {listed}")
        _refuse(shapes[title], f"{name}: its output {title}")
        return keys[title], ""
    if len(outputs) == 1:
        [title] = keys
        _refuse(shapes[title], f"{name}:")
        return keys[title], ""
    classes = {title: _classes(shape) for title, shape in shapes.items()}
    fitting = [t for t, n in classes.items() if n > 1] or [t for t, n in classes.items() if n == 1]
    if len(fitting) != 1:
        raise ModelError(
            f"{name}: gives {len(outputs)} outputs ({listed}), and {len(fitting) or 'none'} of them could be the "
            "classes; choose one with --model-output NAME"
        )
    others = ", ".join(title for title in keys if title != fitting[0])
    return keys[fitting[0]], f"classes taken from its output {fitting[0]}, not {others} (--model-output to change it)"


def means_a_quantity(model: keras.Model) -> str | None:
    """The name of a model's only output where it says that the output is a quantity, not a class; else None."""
    names = list(getattr(model, "output_names", ()))
    if len(names) == 1 and _QUANTITIES & set(re.split(r"[\W\d_]+", names[0].lower())):
        return str(names[0])
    return None


def _named(result: Any, model: keras.Model) -> list[tuple[OutputKey, str, Any]]:
    """Key, name and tensor of each output."""
    if isinstance(result, dict):
        return [(key, str(key), tensor) for key, tensor in result.items()]
    names = [str(name) for name in getattr(model, "output_names", ())]
    if isinstance(result, (list, tuple)):
        titles = names if len(set(names)) == len(result) else [str(i) for i in range(len(result))]
        return [(i, title, tensor) for i, (title, tensor) in enumerate(zip(titles, result, strict=True))]
    return [(None, names[0] if len(names) == 1 else "output", result)]


def _at(titles: list[str], number: str | int) -> str | None:
    index = int(number) if str(number).isdigit() else len(titles)
    return titles[index] if index < len(titles) else None


def _classes(shape: tuple[int, ...]) -> int:
    """How many scores an output holds for a picture as a whole, 0 for none."""
    fits = len(shape) >= 2 and all(side == 1 for side in shape[1:-1])
    return int(shape[-1] or 0) if fits else 0


def _refuse(shape: tuple[int, ...], what: str) -> None:
    """Refuse an output that holds no classes."""
    if _classes(shape):
        return
    why = "a classifier gives (batch, classes)"
    if len(shape) == 4:
        why += (
            ". A backbone without its head (include_top=False) or a segmentation, with a decision at every place, says "
            "nothing of the picture as a whole"
        )
    raise ModelError(f"{what} gives output of shape {shape}; {why}")


def _listed(shapes: list[tuple[str, Any]]) -> str:
    return ", ".join(f"{name} {tuple(shape)}" for name, shape in shapes)
