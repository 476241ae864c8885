"""The command line in this process, and a model that takes no time."""

from __future__ import annotations

import signal
import sys
import warnings

import pytest

from streamcam.cli import console, main


@pytest.fixture
def cli(monkeypatch, capsys, tmp_path):
    """Run a command in this process: exit code, stdout, stderr."""
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}

    def run(*arguments):
        for name in ("debugging", "quiet", "stdout_is_taken", "has_failed", "is_unsaid"):
            monkeypatch.setattr(console, name, False)
        monkeypatch.setattr(sys, "argv", ["streamcam", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop, warnings.catch_warnings():
            warnings.simplefilter("default")
            main()
        output = capsys.readouterr()
        return stop.value.code or 0, output.out, output.err

    monkeypatch.chdir(tmp_path)
    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def small_model(tiny_model):
    """A model that explains a frame in a millisecond."""
    return tiny_model
