"""An iterator's end, or its error, as its last item."""

from __future__ import annotations

import pytest

from streamcam.iteration import End, with_end


def broken():
    yield 1
    yield 2
    raise ValueError("broken")


def test_the_end_is_the_last_item():
    assert list(with_end([1, 2])) == [1, 2, End()]
    assert list(with_end([])) == [End()]


def test_an_error_is_in_the_end_after_the_items_before_it():
    one, two, end = with_end(broken())
    assert (one, two) == (1, 2)
    assert isinstance(end.error, ValueError)


def test_an_interrupt_is_none_of_its_business():
    def interrupted():
        yield 1
        raise KeyboardInterrupt

    stream = with_end(interrupted())
    assert next(stream) == 1
    with pytest.raises(KeyboardInterrupt):
        next(stream)
