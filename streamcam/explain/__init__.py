"""The explainer: a compiled Grad-CAM function of a classifier."""

from streamcam.explain.clips import ClipGradCAM
from streamcam.explain.gradcam import GradCAM

__all__ = ["ClipGradCAM", "GradCAM"]
