"""Messages from pages, well-formed and malformed."""

from __future__ import annotations

import random

from makers.messages import is_malformed, mutated


def test_ten_thousand_malformed_messages_are_told_from_good_ones():
    random_ = random.Random(6)
    malformed = 0
    for _ in range(10_000):
        message = mutated(random_)
        if isinstance(message, bytes):
            message = message.decode(errors="replace")
        malformed += is_malformed(message)
    assert malformed > 5000
