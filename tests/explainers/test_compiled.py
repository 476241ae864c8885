"""What is kept compiled."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

from streamcam.explainers.compiled import Compiled, CompiledFunctions


def compiled(weights):
    return Compiled(SimpleNamespace(weights=weights), "layer")


def test_small_functions_are_kept_for_many_sizes_and_large_ones_for_a_few():
    for weights, kept in ((1e6, 30), (25e6, 20), (400e6, 8)):
        functions = CompiledFunctions()
        for key in range(30):
            functions.get(key, lambda weights=weights: compiled(weights))
            functions.get(0, lambda weights=weights: compiled(weights))  # used again and again
        assert functions.made == 30
        assert sum(key in functions for key in range(30)) == kept
        assert 0 in functions
        assert 29 in functions


def test_what_is_there_is_given_while_another_is_being_made():
    functions, going_on = CompiledFunctions(), threading.Event()
    first = functions.get("first", lambda: compiled(1))

    def slow():
        assert going_on.wait(60)
        return compiled(1)

    with ThreadPoolExecutor() as threads:
        second = [threads.submit(functions.get, "second", slow) for _ in range(3)]
        assert functions.get("first", slow) is first
        assert not any(one.done() for one in second)
        going_on.set()
        assert len({id(one.result()) for one in second}) == 1
    assert functions.made == 2
