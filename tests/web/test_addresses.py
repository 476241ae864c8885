"""Under which addresses the page is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamcam.settings import PageSettings
from streamcam.web.addresses import is_local, page_addresses


@pytest.mark.parametrize(
    ("page", "here", "network"),
    [
        (PageSettings(), "http://localhost:80", "http://localhost:80"),
        (PageSettings(host="localhost"), "http://localhost:80", "http://localhost:80"),
        (PageSettings(host="::1"), "http://[::1]:80", "http://[::1]:80"),
        (PageSettings(host="192.0.2.1"), "http://192.0.2.1:80", "http://192.0.2.1:80"),
        (PageSettings(host="0.0.0.0", allow_host=("museum.example",)), "http://localhost:80", "http://museum.example:80"),
        (PageSettings(certfile=Path("c.pem")), "https://localhost:80", "https://localhost:80"),
    ],
)  # fmt: skip
def test_here_and_for_others(page, here, network):
    assert page_addresses(page, 80) == (here, network)


def test_everywhere_means_an_address_that_phones_can_open():
    here, network = page_addresses(PageSettings(host="0.0.0.0"), 80)
    assert here == "http://localhost:80"
    assert network.startswith("http://")
    assert "0.0.0.0" not in network
    assert "127." not in network


def test_what_only_this_machine_reaches():
    assert [is_local(host) for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "example.org")] == [
        True, True, True, False, False,
    ]  # fmt: skip
