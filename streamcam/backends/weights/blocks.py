"""The blocks of EfficientNet-Lite networks.

Architecture: EfficientNet (Tan & Le 2019, arXiv:1905.11946) without squeeze-and-excite, with ReLU6, and with stem, head, first
and last stage unscaled ("EfficientNet-Lite").
"""

from __future__ import annotations

from typing import TypeAlias

# Of each stage: repeats, kernel size, stride of the first repeat, expansion, output channels.
Blocks: TypeAlias = tuple[tuple[int, int, int, int, int], ...]

LITE0: Blocks = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
LITE1: Blocks = (  # 1.1 times as deep
    (1, 3, 1, 1, 16),
    (3, 3, 2, 6, 24),
    (3, 5, 2, 6, 40),
    (4, 3, 2, 6, 80),
    (4, 5, 1, 6, 112),
    (5, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
