"""Where the hub refuses to connect to, in every spelling a resolver takes."""

import socket

import pytest

from config.addresses import ends, told
from integrations import errors
from integrations.models.networks import AllowedNetwork
from integrations.network import check_url, egress_addresses, resolve_checked

INSIDE = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "10.0.0.1", "172.16.0.1", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::1", "::", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1",
    "2002:7f00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fe80::1", "fec0::1", "fc00::1", "ff02::1",
    "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_every_spelling_of_an_inside_address_is_refused(host):
    with pytest.raises(errors.Refused, match="not on the public internet") as refused:
        resolve_checked(host, 443, ["localhost"])
    assert refused.value.cause == "url"
    assert "VENDOR_PRIVATE_HOSTS" in refused.value.cure


@pytest.mark.parametrize("host", ["8.8.8.8", "2606:4700::1111"])
def test_public_addresses_pass(host):
    [(_, place)] = resolve_checked(host, 443, [])
    assert place[:2] == (host, 443)


def test_one_private_answer_among_public_ones_refuses_all(monkeypatch):
    mixed = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: mixed)
    with pytest.raises(errors.Refused, match=r"10\.0\.0\.1"):
        resolve_checked("shop.example", 443, [])
    assert len(resolve_checked("shop.example", 443, ["Shop.Example."])) == 2


def test_a_name_without_an_address_is_told(monkeypatch):
    def nowhere(*args, **options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    with pytest.raises(errors.Wait, match="could not be resolved") as wait:
        resolve_checked("nowhere.example", 443, [])
    assert wait.value.cause == "network"


@pytest.mark.parametrize(
    "url",
    [
        "http://vendor.example/api", "ftp://vendor.example", "https://user:pw@vendor.example", "https://",
        "https://vendor.example:22/", "https://vendor.example:80", "https://vendor.example:99999", "vendor.example",
        "https://vendor.example/a b", "https://vendor.example\\@inside", "https://vendor.example/?a=b",
        "https://[::1", "file:///etc/passwd", "https://vendor.example/#x",
    ],
)  # fmt: skip
def test_addresses_that_are_refused(url):
    with pytest.raises(errors.Refused) as refused:
        check_url(url)
    assert refused.value.cause == "url"
    assert "pw" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["https://vendor.example/v3.0/api", "https://vendor.example:8443", "http://127.0.0.1:8100/elko"]
)
def test_addresses_that_pass(url):
    assert check_url(url).hostname in url


def test_our_addresses(settings):
    assert egress_addresses("127.0.0.1") == ["127.0.0.1"]
    settings.HUB_EGRESS_ADDRESSES = ["198.51.100.7"]
    assert egress_addresses("127.0.0.1") == ["198.51.100.7"]


def test_ranges_hold_what_they_say():
    held = {
        "192.0.2.7": ["192.0.2.7"],
        "192.0.2.0/24": ["192.0.2.0", "192.0.2.255"],
        "192.0.2.9-192.0.2.20": ["192.0.2.9", "192.0.2.20"],
        "2001:db8::/64": ["2001:db8::1"],
    }
    for text, inside in held.items():
        for address in [
            "192.0.2.0",
            "192.0.2.7",
            "192.0.2.9",
            "192.0.2.20",
            "192.0.2.255",
            "192.0.3.0",
            "2001:db8::1",
            "::",
        ]:
            found = told(address)
            assert found is not None
            first, last = ends(text)
            between = found.version == first.version and int(first) <= int(found) <= int(last)
            assert AllowedNetwork(network=text).holds(found) == between
        for address in inside:
            found = told(address)
            assert found is not None
            assert AllowedNetwork(network=text).holds(found)


@pytest.mark.parametrize("text", ["", "x", "192.0.2.9-192.0.2.1", "192.0.2.1-::1", "1.2.3.4-5", "192.0.2.0/40"])
def test_a_range_that_is_none_is_told(text):
    with pytest.raises(ValueError, match="Write an address"):
        ends(text)
    found = told("192.0.2.7")
    assert found is not None
    assert not AllowedNetwork(network=text).holds(found), "and lets nobody in"
