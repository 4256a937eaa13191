"""Forty and more ways to lead the hub inside: all refused before a byte is sent, wherever an address is given.

A real socket listens on every loopback address this machine has; whatever reaches it was sent. The name server is one of our own
that answers as it likes.
"""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from integrations import connecting, connection, errors, replacing
from integrations.models import Vendor
from integrations.network import check_url, resolve_checked
from integrations.services.elko.simulator import Simulator
from integrations.simulator import Server

pytestmark = pytest.mark.sqlite_only  # about what goes over the wire
TOKEN = "elko-token-0123456789-abcdef"


class Names:
    """A name server of our own in place of the system's: for its names an answer each time, the last one over and over."""

    def __init__(self, answers: dict[str, list[list[str]]]) -> None:
        self.answers, self.asked = answers, []  # type: ignore[var-annotated]
        self.system = socket.getaddrinfo

    def __call__(self, host: Any, port: Any, *given: Any, **named: Any) -> Any:
        name = str(host).rstrip(".").lower()
        if name not in self.answers:
            return self.system(host, port, *given, **named)
        self.asked.append(name)
        left = self.answers[name]
        found = left.pop(0) if len(left) > 1 else left[0]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (ip, port, 0, 0)) if ":" in ip else
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in found
        ]  # fmt: skip


@pytest.fixture
def inside() -> Iterator[tuple[int, list[bytes]]]:
    """A port of this machine, and what came to it."""
    came: list[bytes] = []
    with socket.create_server(("", 0), backlog=64) as server:
        server.settimeout(0.1)
        stop = threading.Event()

        def listen() -> None:
            while not stop.is_set():
                try:
                    line, _ = server.accept()
                except OSError:
                    continue
                with line:
                    line.settimeout(0.5)
                    came.append(b"connected")

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield server.getsockname()[1], came
        stop.set()
        thread.join(5)


LITERALS = [
    "127.0.0.1", "127.1", "127.0.1", "127.127.127.127", "2130706433", "017700000001", "0x7f000001", "0x7f.1", "0x7f.0x0.0x0.0x1",
    "0177.0.0.1", "0177.0.0.01", "0", "0.0.0.0", "00", "0x0", "127.0.0.1.", "10.0.0.1", "10.1", "167772161", "0xa000001", "172.16.0.1",
    "172.31.255.255", "192.168.0.1", "192.168.257", "0300.0250.0.1", "3232235521", "169.254.169.254", "2852039166", "0xa9fea9fe",
    "0251.0376.0251.0376", "169.254.43518", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.0.170", "192.88.99.1",
    "192.0.2.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "localhost.", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[::ffff:169.254.169.254]", "[::ffff:8.8.8.8]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "[fe80::1]",
    "[2001:2::1]", "[2001:20::1]", "[3fff::1]", "[100::1]", "[5f00::1]", "[fec0::1]",
    "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[2001:db8::1]",
]  # fmt: skip
URLS = [
    "file:///etc/passwd", "file://127.0.0.1/etc/passwd", "gopher://127.0.0.1:6379/_INFO", "dict://127.0.0.1:6379/info", "ftp://127.0.0.1/",
    "ldap://127.0.0.1/", "jar:https://x!/", "data:text/plain,x", "javascript:alert(1)", "unix:/run/x.sock", "http+unix://%2Frun%2Fx/",
    "https://vendor.example:6379/", "https://vendor.example:22/", "https://vendor.example:25/", "https://vendor.example:5432/",
    "https://vendor.example:80/", "https://vendor.example:0/", "https://vendor.example:-1/", "https://vendor.example:65536/",
    "http://vendor.example/", "https://vendor.example@127.0.0.1/", "https://127.0.0.1@vendor.example/", "https://:x@vendor.example/",
    "https://vendor.example\\@127.0.0.1/", "https://127.0.0.1\\.vendor.example/", "https://vendor.example#@127.0.0.1/",
    "https://vendor.example?@127.0.0.1/", "https://vendor.example/\r\nHost: inside", "https://vendor.example/ x", "https:///x", "https://",
    "//127.0.0.1/", "\thttps://127.0.0.1/", "https://[::1", "https://[::1]x/", "https://[vendor.example]/", "https://%31%32%37.0.0.1:x/",
    "HTTP://127.0.0.1:6379/",
]  # fmt: skip
# Letters that become digits or dots only when a resolver folds them.
FOLDED = ["１２７.0.0.1", "127。0。0。1", "①②⑦.⓪.⓪.①", "ⓛocalhost", "127.0.0.1\u3002", "ｌｏｃａｌｈｏｓｔ"]


def vendor_at(url: str) -> Vendor:
    """Written past every form, as an old row or a restored one may be."""
    vendor = connecting.connect("elko", "inside", base_url="https://vendor.example/v3.0/api", secrets={"token": TOKEN})
    Vendor.objects.filter(pk=vendor.pk).update(base_url=url)
    return Vendor.objects.get(pk=vendor.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("host", [*LITERALS, *FOLDED])
def test_no_spelling_of_an_inside_address_is_called(host: str, inside: Any, settings: Any) -> None:
    settings.VENDOR_PRIVATE_HOSTS = []
    port, came = inside
    for url in (
        f"https://{host}:8443/v3.0/api",
        f"https://{host}/v3.0/api",
        f"https://{host}:{port}/",
        f"http://{host}:{port}/",
    ):
        verdict = connection.probe(vendor_at(url))
        assert not verdict.ok
        assert verdict.cause in ("url", "network"), (url, verdict.message)
        assert TOKEN not in f"{verdict.message}{verdict.cure}{verdict.facts}"
    assert came == [], "not a byte, not even a connection"


@pytest.mark.django_db
@pytest.mark.parametrize("url", URLS)
def test_no_odd_address_is_called(url: str, inside: Any, settings: Any) -> None:
    settings.VENDOR_PRIVATE_HOSTS = []
    names = Names({"vendor.example": [["127.0.0.1"]]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", names)
        verdict = connection.probe(vendor_at(url))
    assert (verdict.ok, verdict.cause) == (False, "url"), verdict.message
    assert names.asked == [], "it is not even looked up"
    assert inside[1] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "0x7f000001", "[::ffff:127.0.0.1]", "169.254.169.254", "[64:ff9b::7f00:1]"]
)
def test_no_form_stores_such_an_address(host: str, admin_client: Client, settings: Any) -> None:
    settings.VENDOR_PRIVATE_HOSTS = []
    url = "/admin/integrations/vendor/add/?kind=elko&preset=eu"
    form = admin_client.get(url).context["adminform"].form
    given = {name: form[name].value() for name in form.fields}
    given = {n: "" if v in (None, False) else "on" if v is True else v for n, v in given.items()}
    answer = admin_client.post(url, given | {"base_url": f"https://{host}/v3.0/api", "secret_token": TOKEN})
    assert "not on the public internet" in answer.content.decode()
    assert not Vendor.objects.exists()


@pytest.mark.parametrize(
    "answers",
    [["127.0.0.1"], ["169.254.169.254"], ["10.0.0.5"], ["::1"], ["fd00::1"], ["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"],
     ["2606:4700::1111", "::ffff:127.0.0.1"], ["8.8.8.8"] * 30 + ["192.168.1.1"]],
    ids=str,
)  # fmt: skip
def test_a_name_that_leads_inside_is_refused_whatever_else_it_says(answers: list[str], settings: Any) -> None:
    names = Names({"vendor.example": [answers]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", names)
        with pytest.raises(errors.Refused, match="not on the public internet"):
            resolve_checked("vendor.example", 443, [])


@pytest.mark.django_db
def test_a_name_that_binds_itself_anew_is_looked_up_once_for_each_call(inside: Any, settings: Any) -> None:
    """What was public a moment ago counts for nothing: each call looks the name up itself, and calls what it has checked."""
    settings.VENDOR_PRIVATE_HOSTS = []
    names = Names({"rebind.example": [["8.8.8.8"], ["127.0.0.1"]]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", names)
        assert [place[0] for _, place in resolve_checked("rebind.example", 443, [])] == ["8.8.8.8"]
        assert names.asked == ["rebind.example"]
        verdict = connection.probe(vendor_at("https://rebind.example/v3.0/api"))
    assert (verdict.ok, verdict.cause) == (False, "url")
    assert inside[1] == []


@pytest.mark.django_db(transaction=True)
def test_the_wire_calls_the_address_that_was_checked_however_the_name_answers_later(settings: Any) -> None:
    """A vouched-for name: the first answer is the vendor, every later one a trap on another loopback address."""
    settings.VENDOR_PRIVATE_HOSTS = ["rebind.example", "127.0.0.1"]
    sim = Simulator(seed="tiny")
    with Server(sim) as served, socket.create_server(("127.0.0.2", 0)) as trap:
        trap.settimeout(0.2)
        given = sim.connections()[0]
        url = given["base_url"].replace("127.0.0.1", "rebind.example")
        vendor = connecting.connect("elko", "rebind", base_url=url, options=given["options"], secrets=given["secrets"])
        names = Names({"rebind.example": [["127.0.0.1"], ["127.0.0.2"]]})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", names)
            service = connection.open_service(vendor, interactive=True)
            assert service.probe().ok
            asked = list(names.asked)
            service.http.close()
        assert asked.count("rebind.example") == 1, "looked up once, and the line is made to what was checked"
        with pytest.raises(TimeoutError):
            trap.accept()
        assert served is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "to",
    ["http://127.0.0.1:{port}/", "https://169.254.169.254/latest/", "//127.0.0.1:{port}/", "file:///etc/passwd",
     "gopher://127.0.0.1:{port}/_x"],
)  # fmt: skip
def test_no_redirect_leads_the_token_away(code: int, to: str, inside: Any) -> None:
    port, came = inside
    sim = Simulator(seed="tiny")
    with Server(sim):
        given = sim.connections()[0]
        vendor = connecting.connect(
            "elko", "moved", base_url=given["base_url"], options=given["options"], secrets=given["secrets"]
        )
        sim.faults.add("redirect", to=to.format(port=port), code=code)
        verdict = connection.probe(vendor)
        assert not verdict.ok
        stored, verdict = replacing.replace(vendor, "token", "elko-another-0123456789")
        assert not stored, "nor the one that is only tried"
    assert came == []


def test_a_url_that_passes_is_one_a_browser_would_read_the_same() -> None:
    assert check_url("https://vendor.example:8443/v3.0/api").port == 8443
