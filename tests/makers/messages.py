"""Messages to the live page, right and wrong."""

from __future__ import annotations

import json
import random

from streamcam.web.messages import Command, Malformed, parse


def mutated(random_: random.Random) -> str | bytes:
    """A message that is nearly right, or not at all."""
    right = random_.choice(
        [
            {"do": "explain", "classes": [1, 2]}, {"do": "ack", "id": 3}, {"do": "method", "method": "gradcam"},
            {"do": "settings", "alpha": 0.5, "allowed": [1]}, {"do": "hello", "key": "x"}, {"do": "touch"}, {"do": "restart"},
        ]
    )  # fmt: skip
    odd = [
        None,
        True,
        -1,
        1e308,
        2**70,
        "",
        "x" * 5000,
        [],
        [[[]]],
        {},
        {"do": {}},
        [1] * 1000,
        "\ud800",
        "../../etc",
        float("nan"),
    ]
    message = dict(right)
    way = random_.randrange(5)
    if way == 0:
        message[random_.choice([*message, "file", "url", "__class__", "source"])] = random_.choice(odd)
    elif way == 1:
        message.pop(random_.choice(list(message)))
    text = json.dumps(message)
    if way == 2:
        at = random_.randrange(len(text))
        text = text[:at] + chr(random_.randrange(1, 0xD7FF)) + text[at + random_.randrange(3) :]
    elif way == 3:
        return random_.randbytes(random_.randrange(200))
    elif way == 4:
        text = random_.choice(["[" * 3000, "", "null", "1", '"do"', "{" * 100, '{"do":' * 500, text[: len(text) // 2]])
    return text


def is_malformed(text: str) -> bool:
    try:
        assert isinstance(parse(text), Command)
    except Malformed:
        return True
    return False
