"""Reading ahead without losing what came before an error: an iterator's end, or its error, as its last item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class End:
    """The last item: the iterator has ended, by ``error`` if that is not None."""

    error: BaseException | None = None


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
