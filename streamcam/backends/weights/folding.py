"""From the PyTorch weights of an EfficientNet-Lite to those of its network here: normalisations folded into convolutions."""

from __future__ import annotations

import numpy as np

from streamcam.backends.weights.blocks import Blocks

EPSILON = 1e-3


def folded(source: dict[str, np.ndarray], conv: str, norm: str) -> tuple[np.ndarray, np.ndarray]:
    """Kernel ``(kh, kw, in, out)`` and bias ``(out,)`` of a convolution with its normalisation folded in."""
    scale = source[f"{norm}.weight"] / np.sqrt(source[f"{norm}.running_var"] + EPSILON)
    kernel = source[f"{conv}.weight"] * scale[:, None, None, None]
    return kernel.transpose(2, 3, 1, 0), source[f"{norm}.bias"] - source[f"{norm}.running_mean"] * scale


def convert(source: dict[str, np.ndarray], blocks: Blocks) -> dict[str, np.ndarray]:
    """All weights under the names ``layer/variable`` of the Keras model, float32."""
    arrays: dict[str, np.ndarray] = {}

    def put(layer: str, conv: str, norm: str) -> None:
        arrays[f"{layer}/kernel"], arrays[f"{layer}/bias"] = folded(source, conv, norm)

    put("stem_conv", "_conv_stem", "_bn0")
    index = 0
    for stage, (repeats, _, _, expansion, _) in enumerate(blocks, start=1):
        for repeat in range(repeats):
            ours, theirs = f"block{stage}{'abcdef'[repeat]}", f"_blocks.{index}"
            if expansion != 1:
                put(f"{ours}_expand_conv", f"{theirs}._expand_conv", f"{theirs}._bn0")
            put(f"{ours}_dwconv", f"{theirs}._depthwise_conv", f"{theirs}._bn1")
            # Keras keeps a depthwise kernel as (kh, kw, channels, 1).
            arrays[f"{ours}_dwconv/kernel"] = arrays[f"{ours}_dwconv/kernel"].transpose(0, 1, 3, 2)
            put(f"{ours}_project_conv", f"{theirs}._project_conv", f"{theirs}._bn2")
            index += 1
    put("top_conv", "_conv_head", "_bn1")
    arrays["predictions/kernel"], arrays["predictions/bias"] = source["_fc.weight"].T, source["_fc.bias"]
    return arrays
