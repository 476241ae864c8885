"""Who may do what at the live page, and which requests are refused."""

from __future__ import annotations

import http.client
import json
import socket
import time

import pytest
from makers.servers import TOKEN, Serving, closed_with
from websockets.exceptions import InvalidStatus

from streamcam.web.access import AccessKeys


def test_foreign_names_and_foreign_pages_are_refused(serving):
    for host in ("evil.example", "evil.example:80", f"localhost.evil.example:{serving.port}", "", "[", "127.0.0.2"):
        connection = http.client.HTTPConnection("localhost", serving.port)
        connection.putrequest("GET", "/health", skip_host=True)
        connection.putheader("Host", host)
        connection.endheaders()
        assert connection.getresponse().status in (400, 403), host
        connection.close()
    for origin in ("http://evil.example", "null", f"http://localhost:{serving.port + 1}", "http://[", ""):
        assert serving.get("/", Origin=origin)[0] == 403
        with pytest.raises(InvalidStatus) as refused, serving.connected(additional_headers={"Origin": origin}):
            pass
        assert refused.value.response.status_code == 403
    with serving.connected(additional_headers={"Origin": serving.url}) as viewer:
        assert viewer.receive("welcome")
    for host in ("127.0.0.1", "localhost"):
        connection = http.client.HTTPConnection(host, serving.port)
        connection.request("GET", "/health")
        assert connection.getresponse().status == 200
        connection.close()


def test_every_answer_has_the_headers_that_keep_browsers_safe(serving):
    for path in ("/", "/staff", "/page.json", "/static/page.js", "/health", "/nothing"):
        headers = serving.get(path)[1]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in {name.lower() for name in headers}
    page = serving.get("/")[2].decode() + serving.get("/staff")[2].decode()
    assert "http://" not in page
    assert "https://" not in page
    assert " style=" not in page


def test_wrong_keys_are_refused_slowly(serving):
    began = time.monotonic()
    with serving.connected("wrong") as viewer:
        assert viewer.receive("refused") == "key"
        assert closed_with(viewer) == 1008
    assert time.monotonic() - began >= 1
    assert serving.get("/staff/code.svg")[0] == 401
    assert serving.get("/staff/code.svg", Authorization="Bearer wrong")[0] == 401
    assert serving.get("/staff/code.svg", Authorization=f"Bearer {TOKEN}")[0] == 404  # no phone could use it


def test_keys_open_what_they_are_for():
    keys = AccessKeys(TOKEN, open_to_visitors=False)
    assert [keys.role(key) for key in ("", TOKEN, keys.screen, "é", TOKEN[:-1])] == [
        "viewer",
        "staff",
        "visitor",
        None,
        None,
    ]
    assert AccessKeys(TOKEN, open_to_visitors=True).role("") == "visitor"
    assert len(AccessKeys(None, open_to_visitors=False).staff) >= 20
    assert keys.screen not in (AccessKeys(None, open_to_visitors=False).screen, keys.staff)


def test_on_a_network_who_has_no_key_only_looks(camera):
    with Serving(camera.url, "--size", "96", "--host", "0.0.0.0") as serving:
        lines = [serving.process.stdout.readline() for _ in range(3)]
        assert TOKEN not in "".join(lines)
        screen = lines[1].split("#")[1].strip()
        with serving.connected() as viewer:
            assert viewer.receive("welcome")["role"] == "viewer"
            for wish in ({"do": "explain", "classes": [1]}, {"do": "method", "method": "layercam"}):
                viewer.send(**wish)
                assert viewer.receive("denied") == "locked"
            viewer.send(do="restart")
            assert closed_with(viewer) == 1008
        with serving.connected(screen) as visitor:
            assert visitor.receive("welcome")["role"] == "visitor"
        status, _, code = serving.get("/staff/code.svg", Authorization=f"Bearer {TOKEN}")
        assert status == 200
        assert code.startswith(b"<?xml")
        assert serving.get("/phone.svg")[0] == 404  # staff have not allowed it
        with serving.connected(TOKEN) as staff:
            staff.send(do="settings", offers=["find", "phones"])
            staff.state()
            serving.wait(lambda: serving.get("/phone.svg")[0] == 200)
        mine = socket.gethostbyname(socket.gethostname())
        assert serving.get("/health", Host=f"{mine}:{serving.port}")[0] == 200
        assert serving.get("/health", Host=f"{socket.gethostname()}:{serving.port}")[0] == 200
        assert serving.get("/health", Host="8.8.8.8")[0] == 403
        assert serving.get("/health", Host="evil.example")[0] == 403


def test_where_only_those_with_a_key_may_look(camera):
    arguments = [camera.url, "--size", "96", "--host", "0.0.0.0", "--viewers", "key"]
    with Serving(*arguments) as serving:
        with serving.connected() as viewer:
            assert viewer.receive("refused") == "key"
        assert serving.get("/stream.mjpg")[0] == 403
        assert serving.get("/stream.mjpg?key=wrong")[0] == 403
        screen = AccessKeys(TOKEN, open_to_visitors=False).screen
        with serving.connected(screen) as visitor:
            assert visitor.receive("welcome")["role"] == "visitor"
        assert json.loads(serving.get("/page.json")[2])["reach"] == "key"
    with Serving(camera.url, "--size", "96", "--no-mjpeg") as serving:
        assert serving.get("/stream.mjpg")[0] == 404
