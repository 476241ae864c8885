"""The words that options take, in one place that costs nothing to import."""

from typing import Literal

Method = Literal["gradcam"]
Score = Literal["logit", "probability"]
Fit = Literal["native", "stretch", "crop"]
EngineName = Literal["auto", "tensorflow"]
BlendMode = Literal["uniform", "heat", "add"]
PreprocessName = Literal["none", "unit", "tf", "torch", "caffe", "lite"]
