"""The formulas: activations and gradients in, evidence out. Each is a pure function of TensorFlow tensors.

``A`` is ``(h, w, c)`` float32, the output of the target layer; ``G`` is ``(h, w, c)`` float32, the gradient of the score
with respect to it. Each formula gives ``(h, w)`` float32 >= 0. "Sum" without more is over the channels.

A new formula is a function here, a row of ``METHODS``, and its name in ``choices.Method``. A formula that is changed needs
another ``GRAPH_FORMAT`` (``system.versions``): graphs that are kept on disk are known by the formula's name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from streamcam.choices import Method

Formula: TypeAlias = Callable[[Any, Any], Any]

_TINY = 1e-7  # keeps a division by nothing from being one
_SQUARINGS = 8  # of a Gram matrix; enough for a first component only 2 % larger than the second


def gradcam(activations: Any, gradients: Any) -> Any:
    """Grad-CAM, Selvaraju et al. 2017 (arXiv:1610.02391), equations 1 and 2.

    ``ReLU(sum(a_c * A_c))`` with ``a_c`` the mean of ``G_c`` over the map.
    """
    import tensorflow as tf

    return tf.nn.relu(tf.linalg.matvec(activations, tf.reduce_mean(gradients, axis=(0, 1))))


def gradcam_plus_plus(activations: Any, gradients: Any) -> Any:
    """Grad-CAM++, Chattopadhay et al. 2018 (arXiv:1710.11063), equations 5, 6 and 19, for a score under an exponential.

    ``ReLU(sum(w_c * A_c))`` with ``w_c`` the sum over the map of ``k * ReLU(G_c)`` and
    ``k = G_c^2 / (2 G_c^2 + G_c^3 * S_c)``, where ``S_c`` is the sum of ``A_c`` over the map. Here ``G_c^2`` is cancelled:
    ``k = 1 / (2 + G_c * S_c)``. pytorch-grad-cam adds 1e-6 to the divisor instead, which is more than the rest of it
    where gradients are small, as they are under a global average: then it gives ``k = 1e6 * G_c^2``.
    """
    import tensorflow as tf

    positive = tf.nn.relu(gradients)
    divisor = 2 + positive * tf.reduce_sum(activations, axis=(0, 1))  # may be negative where activations are
    weights = tf.reduce_sum(positive / tf.where(tf.abs(divisor) < _TINY, _TINY, divisor), axis=(0, 1))
    return tf.nn.relu(tf.linalg.matvec(activations, weights))


def hirescam(activations: Any, gradients: Any) -> Any:
    """HiResCAM, Draelos and Carin 2020 (arXiv:2011.08891): ``ReLU(sum(G_c * A_c))``, place by place."""
    import tensorflow as tf

    return tf.nn.relu(tf.reduce_sum(activations * gradients, axis=-1))


def xgradcam(activations: Any, gradients: Any) -> Any:
    """XGrad-CAM, Fu et al. 2020 (arXiv:2008.02312), equation 9.

    ``ReLU(sum(a_c * A_c))`` with ``a_c`` the mean of ``G_c`` over the map, weighted by ``A_c``.
    """
    import tensorflow as tf

    total = tf.reduce_sum(activations, axis=(0, 1))
    weights = tf.reduce_sum(gradients * activations, axis=(0, 1)) / (total + _TINY)
    return tf.nn.relu(tf.linalg.matvec(activations, weights))


def layercam(activations: Any, gradients: Any) -> Any:
    """LayerCAM, Jiang et al. 2021 (doi:10.1109/TIP.2021.3089943), equations 6 and 7: ``ReLU(sum(ReLU(G_c) * A_c))``."""
    import tensorflow as tf

    return tf.nn.relu(tf.reduce_sum(activations * tf.nn.relu(gradients), axis=-1))


def eigencam(activations: Any, gradients: Any) -> Any:
    """Eigen-CAM, Muhammad and Yeasin 2020 (arXiv:2008.00299): what the layer sees, whatever the class.

    The projection of the centred activations on their first principal component. The component's sign is arbitrary in
    the paper, and in pytorch-grad-cam that of the linear algebra library; here it is the one that gives more evidence
    to places with larger activations. The component comes from a power iteration by squaring the smaller Gram matrix.
    """
    import tensorflow as tf

    height, width, channels = activations.shape
    flat = tf.reshape(activations, (height * width, channels))
    centred = flat - tf.reduce_mean(flat, axis=0)
    by_place = height * width <= channels
    gram = tf.matmul(centred, centred, transpose_b=True) if by_place else tf.matmul(centred, centred, transpose_a=True)
    for _ in range(_SQUARINGS):
        gram = gram / (tf.reduce_max(tf.abs(gram)) + _TINY**2)
        gram = tf.matmul(gram, gram)
    # Every column of a high power is a multiple of the first eigenvector: the one that starts from all of them at once
    # could miss it, the longest one cannot.
    lengths = tf.reduce_sum(gram * gram, axis=0)
    vector = tf.linalg.matvec(gram, tf.cast(lengths >= tf.reduce_max(lengths), tf.float32))
    vector = vector / (tf.sqrt(tf.reduce_sum(vector * vector)) + _TINY**2)
    if by_place:
        projection = tf.linalg.matvec(centred, tf.linalg.matvec(centred, vector, transpose_a=True))
        projection = projection / (tf.sqrt(tf.reduce_sum(projection * projection)) + _TINY**2)
        projection *= tf.sqrt(tf.reduce_sum(tf.square(tf.linalg.matvec(centred, projection, transpose_a=True))))
    else:
        projection = tf.linalg.matvec(centred, vector)
    agreement = tf.reduce_sum(projection * tf.reduce_sum(centred, axis=1))
    projection = projection * tf.where(agreement < 0, -1.0, 1.0)
    return tf.reshape(tf.nn.relu(projection), (height, width))


METHODS: dict[Method, Formula] = {
    "gradcam": gradcam,
    "gradcam++": gradcam_plus_plus,
    "hirescam": hirescam,
    "xgradcam": xgradcam,
    "layercam": layercam,
    "eigencam": eigencam,
}


def fuse(maps: Sequence[Any]) -> Any:
    """The maps of several layers as one, at the finest resolution, as strong as the last of them.

    ``max(M_last) * mean over layers of M_l / max(M_l)``: each layer says where, the last one says how much. Jiang et
    al. 2021 (see ``layercam``) fuse with a maximum of scaled maps instead, which lets one noisy early layer win.

    Args:
        maps: ``(h, w)`` float32 each, in the order of the network.
    """
    import tensorflow as tf

    if len(maps) == 1:
        return maps[0]
    height, width = max(((m.shape[0], m.shape[1]) for m in maps), key=lambda shape: shape[0] * shape[1])
    scaled = [m[None, :, :, None] / (tf.reduce_max(m) + _TINY**2) for m in maps]
    resized = [m if m.shape[1:3] == (height, width) else tf.image.resize(m, (height, width)) for m in scaled]
    return tf.add_n(resized)[0, :, :, 0] * (tf.reduce_max(maps[-1]) / len(maps))
