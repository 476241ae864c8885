"""The operations that a TensorFlow graph may have: those that compute tensors from tensors and touch nothing else.

A list of what is allowed, because TensorFlow has operations that run Python, read and write files, open connections and
load libraries, some of which it calls stateless (``ReadFile``, ``PyFuncStateless``), and gets more.
"""

from __future__ import annotations

from collections.abc import Iterable

CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
VARIABLES = frozenset({"VarHandleOp", "VariableV2", "Variable"})

_STRUCTURE = """
    Const Identity IdentityN NoOp Placeholder PlaceholderWithDefault PreventGradient ReadVariableOp StopGradient Snapshot
    ResourceGather EnsureShape If StatelessIf While StatelessWhile Switch Merge Assert DisableCopyOnRead
"""
_SHAPES = """
    BroadcastArgs BroadcastTo Concat ConcatV2 ExpandDims Fill Gather GatherNd GatherV2 LinSpace MirrorPad OneHot OnesLike
    Pack Pad PadV2 Range Rank Reshape Reverse ReverseV2 Roll Shape ShapeN Size Slice Split SplitV Squeeze StridedSlice
    Tile Transpose Unpack Where ZerosLike BatchToSpaceND SpaceToBatchND DepthToSpace SpaceToDepth ExtractImagePatches
"""
_ARITHMETIC = """
    Abs Add AddN AddV2 BatchMatMul BatchMatMulV2 BatchMatMulV3 BiasAdd BiasAddV1 Bitcast Cast Ceil ClipByValue Cos Cumsum
    Div DivNoNan Einsum Equal Erf Erfc Exp Expm1 Floor FloorDiv FloorMod Greater GreaterEqual Less LessEqual Log Log1p
    LogicalAnd LogicalNot LogicalOr MatMul Maximum Minimum Mod Mul MulNoNan Neg NotEqual Pow RealDiv Reciprocal Rint Round
    Rsqrt Select SelectV2 Sign Sin Sqrt Square SquaredDifference Sub Tan TruncateDiv Xdivy Xlogy
    All Any ArgMax ArgMin Max Mean Min Prod Sum TopK TopKV2 L2Loss
"""
_NETWORKS = """
    AvgPool AvgPool3D MaxPool3D Conv2D Conv3D Conv2DBackpropInput DepthwiseConv2dNative Dilation2D Elu FakeQuantWithMinMaxArgs
    FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 LRN
    LeakyRelu LogSoftmax MaxPool MaxPoolV2 QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 QuantizeAndDequantizeV4 Relu
    Relu6 ResizeBicubic ResizeBilinear ResizeNearestNeighbor CropAndResize Selu Sigmoid Softmax Softplus Softsign Tanh
    Swish _FusedConv2D _FusedMatMul _FusedDepthwiseConv2dNative _FusedBatchNormEx
"""
ALLOWED = CALLS | VARIABLES | frozenset((_STRUCTURE + _SHAPES + _ARITHMETIC + _NETWORKS).split())


def forbidden(operations: Iterable[str]) -> list[str]:
    """Those operations that a graph may not have, in alphabetical order."""
    return sorted(set(operations) - ALLOWED)
