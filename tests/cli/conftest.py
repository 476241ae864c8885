"""The command line in this process, and a model that takes no time."""

from __future__ import annotations

import signal
import sys
import warnings

import pytest
from makers import models

from streamcam.cli import console, main


@pytest.fixture
def cli(monkeypatch, capsys, tmp_path):
    """Run a command in this process: exit code, stdout, stderr."""
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments):
        monkeypatch.setattr(console, "debugging", False)
        monkeypatch.setattr(sys, "argv", ["streamcam", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop, warnings.catch_warnings():
            warnings.simplefilter("default")
            main()
        output = capsys.readouterr()
        return stop.value.code or 0, output.out, output.err

    monkeypatch.chdir(tmp_path)
    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def small_model(tmp_path_factory):
    """A model that explains a frame in a millisecond."""
    path = tmp_path_factory.mktemp("model") / "small.keras"
    models.flat().model.save(path)
    return path
