"""The words that settings can take, such as the names of the methods. Importing this loads nothing."""

from typing import Literal

Method = Literal["gradcam", "gradcam++", "hirescam", "xgradcam", "layercam", "eigencam", "recipro-cam", "attention"]
Score = Literal["logit", "probability"]
Fit = Literal["native", "stretch", "crop"]
FitChoice = Literal["auto", "native", "stretch", "crop"]
InputLayout = Literal["nhwc", "nchw", "nhw", "nthwc", "ntchw", "ncthw"]
EngineName = Literal["auto", "openvino", "tensorflow"]
Precision = Literal["f32", "f16", "bf16", "int8"]
PrecisionChoice = Literal["auto", "f32", "f16", "bf16", "int8"]
Layout = Literal["overlay", "side by side", "original", "heatmap", "panels"]
BlendMode = Literal["uniform", "heat", "add"]
PreprocessName = Literal[
    "none", "unit", "tf", "torch", "caffe", "lite",
    "none-bgr", "unit-bgr", "tf-bgr", "torch-bgr", "caffe-rgb", "lite-bgr",
]  # fmt: skip
PreprocessOrigin = Literal["model", "name", "option", "guess"]
Scale = Literal["absolute", "clip", "frame"]  # what full heat is measured against
ViewersChoice = Literal["open", "key"]  # who may look at the live page
Every = int | Literal["auto"]  # which frames are explained: each Nth, or where the picture has changed
AudioChoice = Literal["copy", "aac", "none"]
