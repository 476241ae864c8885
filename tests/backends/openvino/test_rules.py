"""Each rule of the gradients by itself, against central differences of the operation as OpenVINO computes it."""

from __future__ import annotations

import numpy as np
import pytest

ov = pytest.importorskip("openvino")
from openvino import opset15 as ops  # noqa: E402

from streamcam.backends.errors import UnsupportedOperationError  # noqa: E402
from streamcam.backends.openvino.engine import core  # noqa: E402
from streamcam.backends.openvino.gradients import gradients  # noqa: E402
from streamcam.backends.openvino.gradients.rules import RULES  # noqa: E402

STEP = 1e-2


def ints(*values):
    return ops.constant(np.array(values, np.int64))


def const(*shape, seed=7, low=-1.0, high=1.0):
    return ops.constant(np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32))


def window(**more):
    return {"strides": [1, 1], "dilations": [1, 1], "pads_begin": [0, 0], "pads_end": [0, 0]} | more


def conv(x, kernels, **more):
    return ops.convolution(x, kernels, **window(**more))


def group(x, kernels, **more):
    return ops.group_convolution(x, kernels, **window(**more))


def max_pool(x, k, s, **more):
    return ops.max_pool(x, [s, s], [1, 1], [0, 0], [0, 0], [k, k], **more)


def avg_pool(x, k, s, before, after, *, exclude, **more):
    return ops.avg_pool(x, [s, s], before, after, [k, k], exclude, **more)


MAP, TOKENS = (1, 4, 7, 6), (1, 5, 6)

# The operation's types that the function is to hold, a shape, and a function of that shape.
CASES = {
    "add a bias": (MAP, lambda x: ops.add(x, const(1, 4, 1, 1)), "Add"),
    "add to a vector": ((4,), lambda x: ops.add(const(2, 3, 4), x), "Add"),
    "subtract": (MAP, lambda x: ops.subtract(const(6), x), "Subtract"),
    "product with itself": (MAP, lambda x: ops.multiply(x, x), "Multiply"),
    "product broadcast": ((1, 4, 1, 1), lambda x: ops.multiply(const(*MAP), x), "Multiply"),
    "divide": (MAP, lambda x: ops.divide(x, const(1, 4, 1, 1, low=1, high=2)), "Divide"),
    "divide by": (MAP, lambda x: ops.divide(const(4, 1, 1), ops.add(x, np.float32(3))), "Divide"),
    "power": (MAP, lambda x: ops.power(ops.add(x, np.float32(2)), np.float32(2.5)), "Power"),
    "cube": (MAP, lambda x: ops.power(x, np.float32(3)), "Power"),
    "squared difference": (MAP, lambda x: ops.squared_difference(const(1, 4, 1, 1), x), "SquaredDifference"),
    "maximum": (MAP, lambda x: ops.maximum(x, const(*MAP)), "Maximum"),
    "minimum": (MAP, lambda x: ops.minimum(const(*MAP), x), "Minimum"),
    "select": (MAP, lambda x: ops.select(ops.greater(const(*MAP), np.float32(0)), x, ops.exp(x)), "Select"),
    "rows by matrix": ((1, 5, 6), lambda x: ops.matmul(x, const(6, 3), False, False), "MatMul"),
    "square matrix": ((1, 16, 16), lambda x: ops.matmul(x, const(16, 16), False, False), "MatMul"),
    "square matrix flipped": ((16, 16), lambda x: ops.matmul(x, const(16, 16), False, True), "MatMul"),
    "square matrix on the left": ((16, 16), lambda x: ops.matmul(const(16, 16), x, False, False), "MatMul"),
    "a dense layer over tokens": (
        (1, 16, 16),
        lambda x: ops.relu(
            ops.reshape(
                ops.matmul(ops.reshape(x, ints(16, 16), False), const(16, 16), False, False), ints(1, 16, 16), False
            )
        ),
        "MatMul",
    ),
    "square convolution stride": ((1, 16, 5, 5), lambda x: conv(x, const(16, 16, 3, 3), strides=[2, 2]), "Convolution"),
    "square convolution": ((1, 16, 4, 4), lambda x: conv(x, const(16, 16, 1, 1)), "Convolution"),
    "flipped": ((1, 6, 5), lambda x: ops.matmul(x, const(3, 6), True, True), "MatMul"),
    "on the right": ((2, 6, 3), lambda x: ops.matmul(const(2, 5, 6), x, False, False), "MatMul"),
    "on the right flipped": ((2, 3, 6), lambda x: ops.matmul(const(1, 6, 5), x, True, True), "MatMul"),
    "attention": ((2, 4, 3), lambda x: ops.matmul(x, x, False, True), "MatMul"),
    "vector by matrix": ((6,), lambda x: ops.matmul(x, const(6, 3), False, False), "MatMul"),
    "matrix by vector": ((6,), lambda x: ops.matmul(const(4, 6), x, False, False), "MatMul"),
    "matrix for a batch": ((6, 3), lambda x: ops.matmul(const(2, 5, 6), x, False, False), "MatMul"),
    "heads": (TOKENS, lambda x: ops.einsum([x, const(6, 2, 3)], "abc,cde->abde"), "Einsum"),
    "attention by heads": ((1, 5, 2, 3), lambda x: ops.einsum([const(1, 4, 2, 3), x], "aecd,abcd->acbe"), "Einsum"),
    "convolution": (MAP, lambda x: conv(x, const(3, 4, 3, 3), pads_begin=[1, 1], pads_end=[1, 1]), "Convolution"),
    "convolution 1x1": (MAP, lambda x: conv(x, const(3, 4, 1, 1)), "Convolution"),
    "convolution uneven": (
        MAP,
        lambda x: conv(x, const(3, 4, 2, 3), pads_begin=[0, 2], pads_end=[1, 0]),
        "Convolution",
    ),
    "convolution stride": (MAP, lambda x: conv(x, const(3, 4, 3, 3), strides=[2, 2]), "Convolution"),
    "convolution same": (
        MAP,
        lambda x: conv(x, const(3, 4, 3, 3), strides=[2, 2], auto_pad="same_upper"),
        "Convolution",
    ),
    "convolution same lower": (MAP, lambda x: conv(x, const(3, 4, 2, 2), auto_pad="same_lower"), "Convolution"),
    "convolution dilated": (MAP, lambda x: conv(x, const(3, 4, 2, 2), dilations=[2, 3]), "Convolution"),
    "convolution of stripes": (MAP, lambda x: conv(x, const(3, 4, 1, 1), strides=[3, 2]), "Convolution"),
    "patches": ((1, 3, 8, 8), lambda x: conv(x, const(5, 3, 4, 4), strides=[4, 4]), "Convolution"),
    "depthwise": (
        MAP,
        lambda x: group(x, const(4, 1, 1, 3, 3), pads_begin=[1, 1], pads_end=[1, 1]),
        "GroupConvolution",
    ),
    "depthwise stride": (
        MAP,
        lambda x: group(x, const(4, 1, 1, 3, 3), strides=[2, 2], auto_pad="same_upper"),
        "GroupConvolution",
    ),
    "depth multiplier": (MAP, lambda x: group(x, const(4, 2, 1, 3, 3)), "GroupConvolution"),
    "grouped": (MAP, lambda x: group(x, const(2, 3, 2, 3, 3), strides=[2, 1]), "GroupConvolution"),
    "transposed": (
        MAP,
        lambda x: ops.convolution_backprop_data(x, const(4, 3, 3, 3), strides=[2, 2]),
        "ConvolutionBackpropData",
    ),
    "mean": (MAP, lambda x: ops.reduce_mean(x, ints(2, 3), False), "ReduceMean"),
    "mean kept": (MAP, lambda x: ops.reduce_mean(x, ints(-1, 2), True), "ReduceMean"),
    "sum": (TOKENS, lambda x: ops.reduce_sum(x, ints(1), False), "ReduceSum"),
    "maximum over the map": (MAP, lambda x: ops.reduce_max(x, ints(2, 3), False), "ReduceMax"),
    "length": (TOKENS, lambda x: ops.reduce_l2(x, ints(2), True), "ReduceL2"),
    "average": (MAP, lambda x: avg_pool(x, 3, 2, [1, 1], [1, 1], exclude=True), "AvgPool"),
    "average with zeros": (MAP, lambda x: avg_pool(x, 2, 2, [1, 0], [0, 1], exclude=False), "AvgPool"),
    "average same": (MAP, lambda x: avg_pool(x, 3, 1, [0, 0], [0, 0], exclude=True, auto_pad="same_upper"), "AvgPool"),
    "average of stripes": (MAP, lambda x: avg_pool(x, 2, 3, [0, 0], [0, 0], exclude=False), "AvgPool"),
    "average of all": (MAP, lambda x: ops.avg_pool(x, [1, 1], [0, 0], [0, 0], [7, 6], False), "AvgPool"),
    "average of clips": (
        (1, 2, 4, 5, 4),
        lambda x: ops.avg_pool(x, [2, 2, 2], [0, 0, 0], [0, 1, 0], [2, 2, 2], True),
        "AvgPool",
    ),
    "max pool of clips": (
        (1, 2, 4, 5, 4),
        lambda x: ops.max_pool(x, [2, 2, 1], [1, 1, 1], [0, 0, 0], [0, 1, 0], [2, 2, 2]).output(0),
        "MaxPool",
    ),
    "max pool": (MAP, lambda x: max_pool(x, 2, 2).output(0), "MaxPool"),
    "max pool overlapping": (MAP, lambda x: max_pool(x, 3, 2).output(0), "MaxPool"),
    "max pool same": (MAP, lambda x: max_pool(x, 3, 2, auto_pad="same_upper").output(0), "MaxPool"),
    "softmax": (TOKENS, lambda x: ops.softmax(x, 2), "Softmax"),
    "log softmax": (TOKENS, lambda x: ops.log_softmax(x, -1), "LogSoftmax"),
    "layer norm": (TOKENS, lambda x: ops.mvn(x, ints(2), True, 1e-3, "inside_sqrt"), "MVN"),
    "layer norm outside": (TOKENS, lambda x: ops.mvn(x, ints(-1), True, 1e-2, "outside_sqrt"), "MVN"),
    "centred": (MAP, lambda x: ops.mvn(x, ints(2, 3), False, 1e-3, "inside_sqrt"), "MVN"),
    "group norm": (MAP, lambda x: ops.group_normalization(x, const(4), const(4), 2, 1e-3), "GroupNormalization"),
    "batch norm": (
        MAP,
        lambda x: ops.batch_norm_inference(x, const(4), const(4), const(4), const(4, low=1, high=2), 1e-3),
        "BatchNormInference",
    ),
    "unit length": (TOKENS, lambda x: ops.normalize_l2(x, ints(2), 1e-3, "add"), "NormalizeL2"),
    "reshape": (MAP, lambda x: ops.exp(ops.reshape(x, ints(1, 4, -1), False)), "Reshape"),
    "squeeze": ((1, 4, 1, 1), lambda x: ops.exp(ops.squeeze(x, ints(2, 3))), "Squeeze"),
    "unsqueeze": (TOKENS, lambda x: ops.exp(ops.unsqueeze(x, ints(1))), "Unsqueeze"),
    "transpose": (MAP, lambda x: ops.exp(ops.transpose(x, ints(0, 2, 3, 1))), "Transpose"),
    "broadcast": ((1, 4, 1, 1), lambda x: ops.multiply(ops.broadcast(x, ints(*MAP)), const(*MAP)), "Broadcast"),
    "tile": (TOKENS, lambda x: ops.multiply(ops.tile(x, ints(2, 1, 3)), const(2, 5, 18)), "Tile"),
    "concatenation": (
        TOKENS,
        lambda x: ops.multiply(ops.concat([const(1, 2, 6), x, ops.exp(x)], 1), const(1, 12, 6)),
        "Concat",
    ),
    "split": (
        MAP,
        lambda x: ops.multiply(*ops.split(x, ints(1).output(0).get_node() and np.int64(1), 2).outputs()),
        "Split",
    ),
    "part of a split": (MAP, lambda x: ops.variadic_split(x, np.int64(1), ints(1, 3)).output(1), "VariadicSplit"),
    "pad": (MAP, lambda x: ops.exp(ops.pad(x, ints(0, 0, 1, 2), ints(0, 1, 0, 1), "constant")), "Pad"),
    "slice": (MAP, lambda x: ops.slice(x, ints(1, 2), ints(3, 5), ints(1, 1), ints(1, 2)), "Slice"),
    "slice every second": (MAP, lambda x: ops.slice(x, ints(1), ints(2**31), ints(2), ints(3)), "Slice"),
    "slice backwards": (
        MAP,
        lambda x: ops.multiply(ops.slice(x, ints(-1), ints(-(2**31)), ints(-1), ints(3)), const(*MAP)),
        "Slice",
    ),
    "first token": (
        TOKENS,
        lambda x: ops.strided_slice(x, ints(0, 0), ints(0, 1), ints(1, 1), [1, 0], [1, 0], [], [0, 1], []),
        "StridedSlice",
    ),
    "strided slice": (
        MAP,
        lambda x: ops.strided_slice(
            x, ints(0, 1, 0, -4), ints(0, 3, 0, -1), ints(1, 1, 3, 1), [1, 0, 1, 0], [1, 0, 1, 0]
        ),
        "StridedSlice",
    ),
    "ellipsis": (
        MAP,
        lambda x: ops.strided_slice(x, ints(0, 1), ints(0, 3), ints(1, 1), [0, 0], [0, 0], [], [], [1, 0]),
        "StridedSlice",
    ),
    "gather": (TOKENS, lambda x: ops.gather(x, ints(0), np.int64(1)), "Gather"),
    "gather twice": (
        TOKENS,
        lambda x: ops.multiply(ops.gather(x, ints(3, 1, 3), np.int64(1)), const(1, 3, 6)),
        "Gather",
    ),
    "depth to space": (MAP, lambda x: ops.exp(ops.depth_to_space(x, "blocks_first", 2)), "DepthToSpace"),
    "space to batch": (
        (1, 4, 6, 6),
        lambda x: ops.exp(ops.space_to_batch(x, ints(1, 1, 2, 2), ints(0, 0, 1, 0), ints(0, 0, 1, 2))),
        "SpaceToBatch",
    ),
    "batch to space": (
        (4, 4, 3, 3),
        lambda x: ops.exp(ops.batch_to_space(x, ints(1, 1, 2, 2), ints(0, 0, 1, 0), ints(0, 0, 0, 1))),
        "BatchToSpace",
    ),
    "fake quantize": (
        MAP,
        lambda x: ops.multiply(
            ops.fake_quantize(x, np.float32(-9), np.float32(9), np.float32(-9), np.float32(9), 2**20), const(*MAP)
        ),
        "FakeQuantize",
    ),
    **{
        name: (MAP, function, kind)
        for name, function, kind in (
            ("relu", ops.relu, "Relu"),
            ("clamp", lambda x: ops.clamp(x, -0.5, 0.7), "Clamp"),
            ("sigmoid", ops.sigmoid, "Sigmoid"),
            ("tanh", ops.tanh, "Tanh"),
            ("softplus", ops.softplus, "SoftPlus"),
            ("softsign", ops.softsign, "SoftSign"),
            ("swish", ops.swish, "Swish"),
            ("swish of a slope", lambda x: ops.swish(x, np.float32(1.7)), "Swish"),
            ("hswish", lambda x: ops.hswish(ops.multiply(x, np.float32(3))), "HSwish"),
            ("hsigmoid", lambda x: ops.hsigmoid(ops.multiply(x, np.float32(3))), "HSigmoid"),
            ("hard sigmoid", lambda x: ops.hard_sigmoid(x, np.float32(0.4), np.float32(0.5)), "HardSigmoid"),
            ("elu", lambda x: ops.elu(x, 0.8), "Elu"),
            ("selu", lambda x: ops.selu(x, np.float32(1.6), np.float32(1.1)), "Selu"),
            ("prelu", lambda x: ops.prelu(x, const(4)), "PRelu"),
            ("mish", ops.mish, "Mish"),
            ("gelu", lambda x: ops.gelu(x, "erf"), "Gelu"),
            ("gelu by tanh", lambda x: ops.gelu(x, "tanh"), "Gelu"),
            ("exp", ops.exp, "Exp"),
            ("log", lambda x: ops.log(ops.add(x, np.float32(2))), "Log"),
            ("sqrt", lambda x: ops.sqrt(ops.add(x, np.float32(2))), "Sqrt"),
            ("erf", ops.erf, "Erf"),
            ("negative", ops.negative, "Negative"),
            ("absolute", ops.absolute, "Abs"),
            ("sine", ops.sin, "Sin"),
            ("cosine", ops.cos, "Cos"),
        )
    },
}


@pytest.mark.parametrize("name", CASES)
def test_a_rule_agrees_with_differences(name):
    shape, function, kind = CASES[name]
    x = ops.parameter(shape, np.float32)
    y = function(x.output(0))
    y = y.output(0) if hasattr(y, "output") else y
    assert kind in {node.get_type_name() for node in ov.Model([y], [x], "").get_ordered_ops()}
    rng = np.random.default_rng(3)
    seed = rng.uniform(0.5, 1.5, tuple(y.get_shape())).astype(np.float32) if len(y.get_shape()) else np.float32(1)
    # Well away from where the slope jumps, and no two values alike.
    size = int(np.prod(shape))
    image = ((rng.permutation(size) + 0.5) / size * 1.8 - 0.9).reshape(shape).astype(np.float32)
    back = gradients(y, ops.constant(seed).output(0), [x.output(0)])[0]
    compiled = core().compile_model(ov.Model([y, back], [x], ""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = np.array(compiled([image])[1])
    assert found.shape == shape
    for direction in rng.standard_normal((3, *shape)).astype(np.float32):
        direction *= min(STEP, 0.25 * 1.8 / size) / np.abs(direction).max()  # less than half the way to the next value
        above, below = (np.array(compiled([image + sign * direction])[0], np.float64) for sign in (1, -1))
        expected = ((above - below) / 2 * seed).sum()
        scale = np.abs(found * direction).sum() + 1e-6
        assert abs((found * direction).sum() - expected) < 2e-2 * scale, name


def test_the_cases_meet_the_rules():
    tried = {kind for _, _, kind in CASES.values()}
    flat = {"TopK", "ArgMax", "NonZero", "ShapeOf", "OneHot", "Equal", "NotEqual", "Greater", "GreaterEqual", "Less"}
    flat |= {"LessEqual", "Sign", "Floor", "Round", "Ceiling", "Convert", "Identity", "RMS", "ReduceMin"}
    same = {"SpaceToDepth", "GroupConvolutionBackpropData"}  # as DepthToSpace, as ConvolutionBackpropData
    assert set(RULES) - tried - flat - same == set()


def test_an_operation_without_a_rule_is_named():
    x = ops.parameter([1, 4], np.float32)
    y = ops.cum_sum(x, np.int64(1)).output(0)
    with pytest.raises(UnsupportedOperationError, match="CumSum"):
        gradients(y, y, [x.output(0)])
