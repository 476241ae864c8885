"""Messages from pages, well-formed and malformed."""

from __future__ import annotations

import random

import pytest
from makers.messages import is_malformed, mutated

from streamcam.web.defaults import ChangeDefaults
from streamcam.web.messages import Explain, Hello, Malformed, parse


def test_ten_thousand_malformed_messages_are_told_from_good_ones():
    random_ = random.Random(6)
    malformed = 0
    for _ in range(10_000):
        message = mutated(random_)
        if isinstance(message, bytes):
            message = message.decode(errors="replace")
        malformed += is_malformed(message)
    assert malformed > 5000


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('{"do": "hello"}', Hello("")),
        ('{"do": "hello", "key": "\\ud800"}', Hello("\ud800")),
        ('{"do": "explain", "classes": []}', Explain(())),
        ('{"do": "settings", "alpha": 1, "blend": null}', ChangeDefaults(alpha=1.0)),
        ('{"do": "settings", "allowed": []}', ChangeDefaults(allowed=())),
    ],
)
def test_what_pages_send_is_read(text, command):
    assert parse(text) == command


@pytest.mark.parametrize(
    "text",
    [
        '{"do": "ack", "id": 1.0}',
        '{"do": "ack", "id": true}',
        '{"do": "ack", "id": 9007199254740992}',
        '{"do": "ack"}',
        '{"do": "explain", "classes": [1, 2, 3]}',
        '{"do": "explain", "classes": ["1"]}',
        '{"do": "settings", "alpha": NaN}',
        '{"do": "settings", "alpha": 1.01}',
        '{"do": "settings", "colormap": "jet\\n"}',
        '{"do": "settings", "colormap": "hot"}',
        '{"do": "settings", "file": "x"}',
        '{"do": "touch", "key": ""}',
        '{"key": ""}',
        "[" * 4000,
    ],
)
def test_what_no_page_sends_is_refused(text):
    with pytest.raises(Malformed):
        parse(text)
