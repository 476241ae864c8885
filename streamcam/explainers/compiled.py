"""The functions that are kept compiled, so that a size seen before costs nothing."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from streamcam.backends.engine import Engine

_LEAST = 8  # are kept, however large
_WEIGHTS = 500e6  # bytes of weights that the others may hold; a compiled function takes twice that


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled function.

    Attributes:
        engine: runs it.
        layer: path of its target, several with ``+`` between them.
    """

    engine: Engine
    layer: str


class CompiledFunctions:
    """Keeps what was used last. Several threads may ask at once: what is there already is given without waiting.

    Attributes:
        made: how many were compiled so far.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Compiled] = OrderedDict()
        self._keeping, self._making = threading.Lock(), threading.Lock()
        self.made = 0

    def __contains__(self, key: Hashable) -> bool:
        """Whether one is there."""
        with self._keeping:
            return key in self._kept

    def get(self, key: Hashable, make: Callable[[], Compiled]) -> Compiled:
        """The function of this key, made where it is not there."""
        if found := self._found(key):
            return found
        with self._making:
            if found := self._found(key):  # meanwhile
                return found
            made = make()
            with self._keeping:
                self._kept[key] = made
                self.made += 1
                while len(self._kept) > _LEAST and sum(one.engine.weights for one in self._kept.values()) > _WEIGHTS:
                    self._kept.popitem(last=False)
            return made

    def _found(self, key: Hashable) -> Compiled | None:
        with self._keeping:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key]
