"""The explainer: a compiled Grad-CAM function of a classifier."""

from streamcam.gradcam.explainer import GradCAM

__all__ = ["GradCAM"]
