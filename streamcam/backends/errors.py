"""What can be wrong with a model and a size."""

from streamcam.errors import ModelError


class SizeError(ModelError):
    """The model cannot take an image of this size."""


class ConversionError(ModelError):
    """OpenVINO cannot take over the model."""


class UnsupportedOperationError(ConversionError):
    """No gradient is known for an operation between the target layer and the scores."""
