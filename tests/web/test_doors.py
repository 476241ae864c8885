"""No single address takes all connections, and keys are not tried as fast as somebody likes."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from makers.servers import TOKEN, Serving

from streamcam.web.access import parse_host
from streamcam.web.doors import Doors, address_of


class Connection:
    """As much of a transport as the doors look at."""

    def __init__(self, host: str, port: int) -> None:
        self.name, self.is_gone = (host, port), False

    def get_extra_info(self, what):
        assert what == "peername"
        return self.name

    def is_closing(self):
        return self.is_gone

    def abort(self):
        self.is_gone = True


def test_the_oldest_connection_of_an_address_gives_way():
    doors = Doors(3, proxies=["10.0.0.9"])
    mine = [Connection("10.0.0.1", port) for port in range(5)]
    other, proxied = Connection("10.0.0.2", 1), [Connection("10.0.0.9", port) for port in range(5)]
    for connection in [other, *mine, *proxied]:
        doors.enter(connection)
    assert [connection.is_gone for connection in mine] == [True, True, False, False, False]
    assert not any(connection.is_gone for connection in [other, *proxied])
    doors.leave(("10.0.0.1", 2))  # it has said who it is
    doors.enter(Connection("10.0.0.1", 9))
    assert not mine[3].is_gone


def test_of_many_addresses_the_one_with_most_connections_gives_way():
    doors = Doors(64)
    crowd = [[Connection(f"10.0.{who}.1", port) for port in range(60)] for who in range(9)]
    for connections in crowd:
        for connection in connections:
            doors.enter(connection)
    late = Connection("10.9.9.9", 1)
    doors.enter(late)
    assert not late.is_gone
    assert sum(connection.is_gone for connections in crowd for connection in connections) == 9 * 60 + 1 - 4 * 64


def test_one_host_with_many_addresses_of_its_network_is_one():
    assert address_of("2001:db8::1") == address_of("2001:db8::ffff:1") != address_of("2001:db8:0:1::1")
    assert address_of("::ffff:10.0.0.1") == "10.0.0.1"
    assert address_of("fe80::1%eth0") == address_of("fe80::2%eth0")


def test_hosts_are_parsed_and_not_searched():
    assert parse_host("LOCALHOST:8000", 80) == ("localhost", 8000)
    assert parse_host("[::1]:8000", 80) == ("::1", 8000)
    assert parse_host("museum.example.", 443) == ("museum.example", 443)
    for wrong in (
        "evil.com@localhost",
        "localhost:99999",
        "localhost:0",
        "localhost:",
        "localhost:80:80",
        "localhost/..",
        "localhost#a",
        "localhost ",
        "[::1",
        "::1",
        "a\\localhost",
        "",
    ):
        assert parse_host(wrong, 80) is None, wrong


def test_a_page_under_another_scheme_is_another_page(serving):
    assert serving.get("/health", Origin=serving.url)[0] == 200
    assert serving.get("/health", Origin=serving.url.replace("http:", "https:"))[0] == 403


def test_silent_and_slow_connections_keep_nobody_out(camera):
    with Serving(camera.url, "--size", "96") as serving, ExitStack() as stack:
        early = stack.enter_context(serving.connected())
        early.receive("welcome")
        for number in range(300):
            silent = socket.create_connection(("127.0.0.1", serving.port), source_address=("127.0.0.2", 0))
            stack.callback(silent.close)
            if number % 2:
                silent.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        with serving.connected() as late, serving.connected(TOKEN) as staff:
            assert late.receive("welcome")["role"] == "visitor"
            assert staff.receive("welcome")["role"] == "staff"
            assert late.picture()
        assert serving.get("/health")[0] == 200
        early.picture()
        assert serving.metric("streamcam_connections_turned_away_total") >= 300 - 150


def test_after_many_wrong_keys_no_key_of_that_address_is_looked_at(camera):
    with Serving(camera.url, "--size", "96") as serving, ExitStack() as stack:
        guesses = [stack.enter_context(serving.connected(f"guess {number}")) for number in range(12)]
        said = [guess.receive("refused") for guess in guesses]
        assert said.count("key") <= 6
        assert "too fast" in said
        assert serving.get("/staff/code.svg", Authorization=f"Bearer {TOKEN}")[0] == 429
        with serving.connected() as visitor:  # without a key
            assert visitor.receive("welcome")
