"""The command that lists and clears the cache."""

from __future__ import annotations

import json

from streamcam import Cache


def test_the_cache_command(tmp_path, monkeypatch, capsys):
    from streamcam.cli.cache import clear_command, list_command

    monkeypatch.setenv("STREAMCAM_CACHE", str(tmp_path / "c"))
    Cache().put("a" * 32, {"model": "m.keras", "size": "224x384", "layers": ["top"]}, {"x": bytes(2_000_000)})
    list_command()
    out = capsys.readouterr().out
    assert "2.0 MB" in out
    assert "m.keras  224x384  top" in out
    clear_command()
    assert "1 entries removed" in capsys.readouterr().out
    assert json.dumps(Cache().entries()) == "[]"
