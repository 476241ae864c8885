"""Iterate so that the end, or the error that ended it, comes as the last item: nothing before an error is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class End:
    """The last item: the iterator has ended, by ``error`` if that is not None."""

    error: BaseException | None = None


class NotYet(Exception):
    """There is nothing to explain so far: a video classifier waits for enough frames."""


def with_end(items: Iterable[T]) -> Iterator[T | End]:
    """The items, then an ``End``. An error of the iterator is in the ``End`` instead of being raised."""
    iterator = iter(items)
    while True:
        try:
            item = next(iterator)
        except StopIteration:
            yield End()
            return
        except Exception as error:
            yield End(error)
            return
        yield item
