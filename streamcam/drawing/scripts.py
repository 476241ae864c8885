"""Text that is read from right to left, in the order in which its letters are drawn from left to right.

OpenCV draws one character after the other. Hebrew is right once the order is turned round; Arabic is legible, in single
letters: the font has no joined ones.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import groupby

_RIGHT_TO_LEFT = ("R", "AL")
_STRONG = (*_RIGHT_TO_LEFT, "L", "EN", "AN")
_BETWEEN = ("WS", "ON", "CS", "ES", "ET")


@lru_cache(maxsize=512)
def visual(text: str) -> str:
    """The text for somebody who draws from left to right, letter by letter."""
    kinds = [unicodedata.bidirectional(letter) for letter in text]
    if not any(kind in _RIGHT_TO_LEFT for kind in kinds):
        return text
    turned = [kind in (*_RIGHT_TO_LEFT, "NSM") for kind in kinds]
    for k, kind in enumerate(kinds):
        if kind in _BETWEEN:  # two words from right to left take what is between them along
            following = next((other for other in kinds[k:] if other in _STRONG), "")
            turned[k] = k > 0 and turned[k - 1] and following in _RIGHT_TO_LEFT
    runs = groupby(zip(turned, text, strict=True), key=lambda pair: pair[0])
    parts = [(is_turned, "".join(letter for _, letter in run)) for is_turned, run in runs]
    drawn = [part[::-1] if is_turned else part for is_turned, part in parts]
    return "".join(reversed(drawn) if turned[0] else drawn)
