"""What C libraries write to stderr."""

from __future__ import annotations

import os
import threading

import pytest

from streamcam.system.complaints import complaints


def test_complaints_are_collected_and_other_lines_let_through(capfd):
    with complaints() as said:
        os.write(2, b"Corrupt JPEG data: bad Huffman code\nsomething else\ntempfile.tif: Fax: uncompressed data\n")
    assert said == ["Corrupt JPEG data: bad Huffman code", "tempfile.tif: Fax: uncompressed data"]
    assert capfd.readouterr().err == "something else\n"


def test_stderr_is_itself_again_after_an_error(capfd):
    with pytest.raises(ZeroDivisionError), complaints():
        raise ZeroDivisionError
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"


def test_threads_take_turns(capfd):
    heard: list[list[str]] = []

    def listen(number):
        with complaints() as said:
            os.write(2, b"libpng error: %d\n" % number)
        heard.append(said)

    threads = [threading.Thread(target=listen, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(heard) == [[f"libpng error: {number}"] for number in range(8)]
    assert capfd.readouterr() == ("", "")


def test_without_stderr_nothing_is_collected():
    saved = os.dup(2)
    os.close(2)
    try:
        with complaints() as said:
            pass
    finally:
        os.dup2(saved, 2)
        os.close(saved)
    assert said == []
