"""What a classifier is, and how a name or a path becomes one: bundled weights, ``keras.applications``, a user's own file."""

from streamcam.models.classifier import Classifier, wrap_model
from streamcam.models.loading import load_model

__all__ = ["Classifier", "load_model", "wrap_model"]
