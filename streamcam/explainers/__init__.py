"""The explainer: a compiled Grad-CAM function of a classifier."""

from streamcam.explainers.clips import ClipGradCAM
from streamcam.explainers.gradcam import GradCAM

__all__ = ["ClipGradCAM", "GradCAM"]
