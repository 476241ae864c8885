"""The server that listens: connections, ports, TLS."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import sys
from contextlib import suppress

import pytest
from makers.needs import need
from makers.servers import Serving
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


def test_who_asks_for_nothing_is_put_out_and_keeps_no_place(camera):
    with (
        Serving(camera.url, "--size", "96", "--max-viewers", "1") as serving,
        socket.create_connection(("127.0.0.1", serving.port)) as silent,
        connect(f"ws://localhost:{serving.port}/live", open_timeout=60) as mute,
    ):
        with serving.connected() as viewer:
            assert viewer.receive("welcome")
        silent.settimeout(30)
        with suppress(ConnectionResetError):
            assert silent.recv(1) == b""
        with pytest.raises(ConnectionClosed):
            mute.recv(timeout=30)


def test_a_port_that_is_taken_is_named(sample, serving):
    command = [sys.executable, "-m", "streamcam", "serve", str(sample), "--port", str(serving.port)]
    failed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert f"127.0.0.1:{serving.port}: cannot listen there" in failed.stderr


def test_tls(camera, tmp_path):
    need(shutil.which("openssl"), "openssl makes the certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate),
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    with Serving(camera.url, "--size", "96", "--certfile", str(certificate), "--keyfile", str(key)) as serving:
        assert serving.scheme == "https"
        trusted = ssl.create_default_context(cafile=str(certificate))
        with connect(f"wss://localhost:{serving.port}/live", ssl=trusted, open_timeout=60) as socket_:
            socket_.send('{"do": "hello"}')
            assert "welcome" in json.loads(socket_.recv(timeout=20))
