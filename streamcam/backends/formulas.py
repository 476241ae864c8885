"""The formulas: activations and gradients in, evidence out. Each is a pure function of the tensors of any framework.

``A`` is ``(t, c, p)`` float32, the output of the target layer: a row for each of its c channels and a column for each of its
p places. Where there is time, places are of all time steps, or there are t of them with p places each; for a picture, t is 1.
What a formula pools, it pools over space and time. ``G`` is ``(t, c, p)`` float32, the gradient of the score with respect to
it. Each formula gives ``(t * p,)`` float32 >= 0. "Sum" without more is over the channels. What a framework must be able to do
is in ``Operations``.

A new formula is a function here, a row of ``METHODS``, and its name in ``choices.Method``. Two methods are no such formula:
``recipro-cam`` (``support``, and the ``recipro`` of each backend) and ``attention`` (``openvino.attention``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from streamcam.choices import Method
from streamcam.types import Float32Array

_TINY = 1e-7  # keeps a division by nothing from being one
_TINIEST = 1e-14
_ROUNDING = 1e-6  # of a probability; several times that of float32
_SQUARINGS = 8  # of a Gram matrix; enough for a first component only 2 % larger than the second


class Operations(Protocol):
    """What a framework does with its tensors; ``+ - * /`` between them do what they do in NumPy."""

    def shape(self, x: Any) -> tuple[int, ...]:
        """The static shape."""
        ...

    def constant(self, value: Float32Array) -> Any:
        """A float32 tensor that never changes."""
        ...

    def reshape(self, x: Any, shape: Sequence[int]) -> Any:
        """The same numbers in another shape."""
        ...

    def sum(self, x: Any, axes: Sequence[int] | None = None) -> Any:
        """Along axes that are kept as 1, or of all as a scalar."""
        ...

    def transpose(self, x: Any, order: Sequence[int]) -> Any:
        """With the axes in another order."""
        ...

    def max(self, x: Any) -> Any:
        """Of all, as a scalar."""
        ...

    def relu(self, x: Any) -> Any:
        """What is positive, zero elsewhere."""
        ...

    def abs(self, x: Any) -> Any:
        """Without the sign."""
        ...

    def sqrt(self, x: Any) -> Any:
        """The square root."""
        ...

    def matmul(self, a: Any, b: Any, *, flip_a: bool = False, flip_b: bool = False) -> Any:
        """The product of two matrices, either of them transposed; of each of several, or of one with each."""
        ...

    def where_less(self, a: Any, b: Any, yes: Any, no: Any) -> Any:
        """The one where ``a < b``, the other elsewhere, place by place."""
        ...


Formula: TypeAlias = Callable[[Operations, Any, Any], Any]


def gradcam(ops: Operations, activations: Any, gradients: Any) -> Any:
    """Grad-CAM, Selvaraju et al. 2017 (arXiv:1610.02391), equations 1 and 2.

    ``ReLU(sum(a_c * A_c))`` with ``a_c`` the mean of ``G_c`` over the map.
    """
    steps, _, places = ops.shape(activations)
    return _weighted(ops, activations, _pooled(ops, gradients) * _number(ops, 1 / (steps * places)))


def gradcam_plus_plus(ops: Operations, activations: Any, gradients: Any) -> Any:
    """Grad-CAM++, Chattopadhay et al. 2018 (arXiv:1710.11063), equations 5, 6 and 19, for a score under an exponential.

    ``ReLU(sum(w_c * A_c))`` with ``w_c`` the sum over the map of ``k * ReLU(G_c)`` and
    ``k = G_c^2 / (2 G_c^2 + G_c^3 * S_c)``, where ``S_c`` is the sum of ``A_c`` over the map. Here ``G_c^2`` is cancelled:
    ``k = 1 / (2 + G_c * S_c)``. pytorch-grad-cam adds 1e-6 to the divisor instead, which is more than the rest of it
    where gradients are small, as they are under a global average: then it gives ``k = 1e6 * G_c^2``.
    """
    positive = ops.relu(gradients)
    divisor = positive * _pooled(ops, activations) + _number(ops, 2)  # may be negative where activations are
    safe = ops.where_less(ops.abs(divisor), _number(ops, _TINY), _number(ops, _TINY), divisor)
    return _weighted(ops, activations, _pooled(ops, positive / safe))


def hirescam(ops: Operations, activations: Any, gradients: Any) -> Any:
    """HiResCAM, Draelos and Carin 2020 (arXiv:2011.08891): ``ReLU(sum(G_c * A_c))``, place by place."""
    return _flat(ops, ops.relu(ops.sum(activations * gradients, (1,))))


def xgradcam(ops: Operations, activations: Any, gradients: Any) -> Any:
    """XGrad-CAM, Fu et al. 2020 (arXiv:2008.02312), equation 9.

    ``ReLU(sum(a_c * A_c))`` with ``a_c`` the mean of ``G_c`` over the map, weighted by ``A_c``.
    """
    weights = _pooled(ops, gradients * activations) / (_pooled(ops, activations) + _number(ops, _TINY))
    return _weighted(ops, activations, weights)


def layercam(ops: Operations, activations: Any, gradients: Any) -> Any:
    """LayerCAM, Jiang et al. 2021 (doi:10.1109/TIP.2021.3089943), equations 6 and 7: ``ReLU(sum(ReLU(G_c) * A_c))``."""
    return _flat(ops, ops.relu(ops.sum(activations * ops.relu(gradients), (1,))))


def eigencam(ops: Operations, activations: Any, gradients: Any) -> Any:
    """Eigen-CAM, Muhammad and Yeasin 2020 (arXiv:2008.00299): what the layer sees, whatever the class.

    The projection of the centred activations on their first principal component. The component's sign is arbitrary in
    the paper, and in pytorch-grad-cam that of the linear algebra library; here it is the one that gives more evidence
    to places with larger activations. The component comes from a power iteration by squaring the smaller Gram matrix.
    """
    steps, channels, each = ops.shape(activations)
    places = steps * each
    rows = ops.transpose(activations, (1, 0, 2)) if steps > 1 else activations
    rows = ops.reshape(rows, (channels, places))
    centred = rows - ops.sum(rows, (1,)) * _number(ops, 1 / places)
    by_place = places <= channels
    gram = ops.matmul(centred, centred, flip_a=True) if by_place else ops.matmul(centred, centred, flip_b=True)
    for _ in range(_SQUARINGS):
        gram = gram / (ops.max(ops.abs(gram)) + _number(ops, _TINIEST))
        gram = ops.matmul(gram, gram)
    # Every column of a high power is a multiple of the first eigenvector: the one that starts from all of them at once
    # could miss it, the longest one cannot.
    lengths = ops.sum(gram * gram, (0,))
    longest = ops.where_less(lengths, ops.max(lengths), _number(ops, 0), _number(ops, 1))
    vector = ops.matmul(gram, longest, flip_b=True)  # a column
    vector = vector / (_length(ops, vector) + _number(ops, _TINIEST))
    if by_place:
        projection = ops.matmul(centred, ops.matmul(centred, vector), flip_a=True)
        projection = projection / (_length(ops, projection) + _number(ops, _TINIEST))
        projection = projection * _length(ops, ops.matmul(centred, projection))
    else:
        projection = ops.matmul(centred, vector, flip_a=True)
    projection = _flat(ops, projection)
    agreement = ops.sum(projection * _flat(ops, ops.sum(centred, (0,))))
    return ops.relu(projection * ops.where_less(agreement, _number(ops, 0), _number(ops, -1), _number(ops, 1)))


def support(ops: Operations, rows: Any, weights: Any) -> Any:
    """What Recipro-CAM makes of the probabilities of each place, ``(p, C)``, and the classes' weights, ``(1, C)``.

    ``s - min(s)`` with ``s`` the weighted sum of a place's row: how much more probable this place alone makes the class
    than the place that does least for it, ``(p,)`` float32 from 0 to 1 (to 2 for one class rather than another). The
    paper (see ``openvino.recipro``) divides it by its own maximum; here that is left to the scale over time, so that
    weak evidence looks weak. Where places differ by no more than rounding, there is none.
    """
    values = _flat(ops, ops.matmul(rows, weights, flip_b=True))
    above = values + ops.max(_number(ops, 0) - values)
    rounding = ops.max(ops.matmul(rows, ops.abs(weights), flip_b=True)) * _number(ops, _ROUNDING)
    return above * ops.where_less(ops.max(above), rounding, _number(ops, 0), _number(ops, 1))


METHODS: dict[Method, Formula] = {
    "gradcam": gradcam,
    "gradcam++": gradcam_plus_plus,
    "hirescam": hirescam,
    "xgradcam": xgradcam,
    "layercam": layercam,
    "eigencam": eigencam,
}


def fuse(ops: Operations, maps: Sequence[Any]) -> Any:
    """The maps of several layers as one, at the finest resolution, as strong as the last of them.

    ``max(M_last) * mean over layers of M_l / max(M_l)``: each layer says where, the last one says how much. Jiang et
    al. 2021 (see ``layercam``) fuse with a maximum of scaled maps instead, which lets one noisy early layer win.

    Args:
        ops: the framework.
        maps: ``(h, w)`` or ``(t, h, w)`` float32 each, in the order of the network.
    """
    if len(maps) == 1:
        return maps[0]
    finest = max((ops.shape(m) for m in maps), key=np.prod)
    total = None
    for m in maps:
        resized = _resized(ops, m / (ops.max(m) + _number(ops, _TINIEST)), finest)
        total = resized if total is None else total + resized
    return total * (ops.max(maps[-1]) * _number(ops, 1 / len(maps)))


def _resized(ops: Operations, m: Any, wanted: Sequence[int]) -> Any:
    """A map ``(h, w)`` or ``(t, h, w)`` in another resolution, bilinear in space and linear in time."""
    *steps, h, w = ops.shape(m)
    *wanted_steps, height, width = wanted
    if steps != wanted_steps:
        m = ops.matmul(ops.constant(_linear(steps[0], wanted_steps[0])), ops.reshape(m, (steps[0], h * w)))
        m = ops.reshape(m, (*wanted_steps, h, w))
    return ops.matmul(ops.matmul(ops.constant(_linear(h, height)), m), ops.constant(_linear(w, width).T))


def _weighted(ops: Operations, activations: Any, weights: Any) -> Any:
    """``ReLU`` of the sum over channels of ``(1, c, 1)`` weights times ``(t, c, p)`` activations."""
    return ops.relu(_flat(ops, ops.matmul(weights, activations, flip_a=True)))


def _pooled(ops: Operations, x: Any) -> Any:
    """``(1, c, 1)``: the sum over the map."""
    return ops.sum(x, (0, 2))


def _number(ops: Operations, value: float) -> Any:
    """A float32 for every framework: some take a plain number for a double."""
    return ops.constant(np.asarray(value, np.float32))


def _flat(ops: Operations, x: Any) -> Any:
    return ops.reshape(x, (-1,))


def _length(ops: Operations, x: Any) -> Any:
    return ops.sqrt(ops.sum(x * x))


def _linear(size: int, wanted: int) -> Float32Array:
    """``(wanted, size)``: bilinear interpolation along one axis, with pixels as areas (centres at one half)."""
    at = (np.arange(wanted) + 0.5) * size / wanted - 0.5
    low = np.floor(at).astype(int)
    part = (at - low).astype(np.float32)
    matrix = np.zeros((wanted, size), np.float32)
    rows = np.arange(wanted)
    np.add.at(matrix, (rows, np.clip(low, 0, size - 1)), 1 - part)
    np.add.at(matrix, (rows, np.clip(low + 1, 0, size - 1)), part)
    return matrix
