"""Child processes that talk with their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from queue import SimpleQueue

import psutil
import pytest

from streamcam.system.child import ChildProcess

ECHO = """
import sys, threading
from streamcam.system.child import serve_parent
print("a line that a library prints at its import", flush=True)
send = serve_parent(lambda message: send(message | {"heard": True}))
print("and one that it prints later", flush=True)
send({"arguments": sys.argv[1:]})
threading.Event().wait()
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "echo_child.py").write_text(ECHO)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")])))
    return "echo_child"


def test_messages_go_there_and_back_and_its_end_is_heard(module):
    heard, ended = SimpleQueue(), threading.Event()
    child = ChildProcess(module, "one", "two", heard=heard.put, ended=ended.set)
    try:
        assert heard.get(timeout=60) == {"arguments": ["one", "two"]}
        for number in range(100):
            child.send({"number": number, "text": "ü" * number * 100})
        answers = [heard.get(timeout=60) for _ in range(100)]
        assert [answer["number"] for answer in answers] == list(range(100))
        assert all(answer["heard"] for answer in answers)
        assert child.is_running
        assert child.exit_code is None
        child.kill()
        assert ended.wait(60)
        assert child.wait(60)
        child.send({"number": 1})  # which nobody reads
    finally:
        child.close()
    assert not child.is_running
    child.close()


def test_it_ends_when_its_parent_is_killed(module):
    code = (
        "import os, sys, threading\n"
        "from streamcam.system.child import ChildProcess\n"
        "child = ChildProcess('echo_child', heard=lambda message: print('up', flush=True))\n"
        "threading.Event().wait()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout
        assert parent.stdout.readline() == "up\n"
        [child] = psutil.Process(parent.pid).children()
    finally:
        parent.kill()
        parent.communicate()
    child.wait(timeout=30)


@pytest.mark.skipif(not hasattr(signal, "SIGINT") or sys.platform == "win32", reason="POSIX signals")
def test_an_interrupt_is_its_parents_to_handle(module):
    heard = SimpleQueue()
    child = ChildProcess(module, heard=heard.put)
    try:
        heard.get(timeout=60)
        [process] = [p for p in psutil.Process().children() if module in p.cmdline()]
        process.send_signal(signal.SIGINT)
        child.send({"number": 1})
        assert heard.get(timeout=60) == {"number": 1, "heard": True}
    finally:
        child.close()


@pytest.mark.parametrize("more", ["", os.pathsep])
def test_a_file_beside_the_videos_is_not_taken_for_a_library(module, tmp_path, monkeypatch, more):
    monkeypatch.setenv("PYTHONPATH", more + os.environ["PYTHONPATH"])  # an empty entry is the current folder
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "json.py").write_text("open('ran', 'w').close()\n")
    monkeypatch.chdir(folder)
    heard = SimpleQueue()
    child = ChildProcess(module, heard=heard.put)
    try:
        heard.get(timeout=60)
    finally:
        child.close()
    assert not (folder / "ran").exists()
