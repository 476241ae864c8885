"""The words that settings can take, such as the names of the methods. Importing this loads nothing."""

from typing import Literal

Method = Literal["gradcam", "gradcam++", "hirescam", "xgradcam", "layercam", "eigencam"]
Score = Literal["logit", "probability"]
Fit = Literal["native", "stretch", "crop"]
EngineName = Literal["auto", "openvino", "tensorflow"]
Precision = Literal["f32", "f16", "bf16"]
PrecisionChoice = Literal["auto", "f32", "f16", "bf16"]
Layout = Literal["overlay", "side by side", "original", "heatmap", "panels"]
BlendMode = Literal["uniform", "heat", "add"]
PreprocessName = Literal["none", "unit", "tf", "torch", "caffe", "lite"]
AudioChoice = Literal["copy", "aac", "none"]
