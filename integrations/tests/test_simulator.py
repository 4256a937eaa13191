"""The piece all simulators share: sockets, ledger, fault switches, control. A vendor made up here stands for all."""

import gzip
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest

from integrations import simulator
from integrations.simulator import Request, Response, Server, Table
from integrations.simulator.asking import ask
from integrations.simulator.routes import Routes
from integrations.simulator.seed import check_digit, ean13
from integrations.simulator.wire import answer, text

ROOT = Path(__file__).resolve().parents[2]
routes = Routes()


class Toy(simulator.Simulator):
    """Twenty rows, paged by `start` and `length`, and one write."""

    settings = ("gzip",)
    secret_paths = ("/login",)
    sold_out = {"rows": {"stock": "0"}}
    status_field = {"rows": "status"}
    time_fields = {"rows": ("changed",)}
    kind = "toy"

    def fill(self) -> dict[str, Table]:
        row = {
            "stock": "5",
            "status": "open",
            "name": "Café «Größe» ☕",
            "picture": f"{self.url}/ProductImages/cup.1.A.b.svg",
        }
        return {"rows": Table("id", rows=[{"id": n, "changed": f"t{n}", **row} for n in range(20)])}

    def gate(self, request: Request) -> Response | None:
        request.authorized = request.bearer() == self.token
        return None if request.authorized else self.refuse(request, "token")

    def refuse(self, request: Request, cause: str) -> Response:
        return text(f"no: {cause}", 403)

    def handle(self, request: Request) -> Response:
        return routes.run(self, request)

    def connections(self) -> list[dict[str, Any]]:
        return [{"label": "Toy", "base_url": self.url, "options": {}, "secrets": {"token": self.token}}]

    def insert_front(self, flow: str) -> None:
        new = max(map(int, self.table(flow).keys())) + 1
        self.put(flow, {**self.table(flow)[:1][0], "id": new}, at=0)

    @routes("GET", "/rows")
    def rows(self, request: Request) -> Response:
        asked = dict(request.query)
        rows = self.bend(request, "rows", list(self.table("rows")))
        return answer(self.page(request, "rows", rows, int(asked.get("start", 0)), int(asked.get("length", 100))))

    @routes("POST", "/orders")
    def order(self, request: Request) -> Response:
        self.ledger.accept("place_order", request.json()["reference"], request.json())
        return answer({"id": self.ledger.writes, "padding": "x" * 300})


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture
def served(toy: Toy) -> Iterator[Server]:
    with Server(toy) as server:
        yield server
    assert server.errors == []


def rows(server: Server, toy: Toy, query: str = "", **options: Any) -> Any:
    return ask(server.url("toy", f"/rows{query}"), token=toy.token, **options).json()


def ids(found: Any) -> list[int]:
    return [row["id"] for row in found]


# -- sockets


def test_a_kept_alive_connection_answers_without_nagles_delay(served: Server, toy: Toy) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=5)
    begun = time.monotonic()
    for _ in range(50):
        connection.request("GET", "/toy/rows?length=1", headers={"Authorization": f"Bearer {toy.token}"})
        assert len(json.load(connection.getresponse())) == 1
    connection.close()
    assert time.monotonic() - begun < 1.0  # 50 delayed ACKs would be two seconds


def test_answers_are_compressed_for_who_takes_gzip(served: Server, toy: Toy) -> None:
    packed = ask(served.url("toy", "/rows"), token=toy.token, headers={"Accept-Encoding": "gzip, deflate"})
    plain = ask(served.url("toy", "/rows"), token=toy.token, headers={"Accept-Encoding": "gzip;q=0"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.body) == plain.body


def test_unknown_places_are_told_apart(served: Server, toy: Toy) -> None:
    assert ask(served.root + "/nobody/rows").status == 404
    assert ask(served.url("toy", "/nothing"), token=toy.token).status == 404
    wrong_verb = ask(served.url("toy", "/orders"), token=toy.token)
    assert (wrong_verb.status, wrong_verb.headers["Allow"]) == (405, "POST")
    assert ask(served.root + "/").json()["toy"][0]["base_url"] == served.url("toy")


def test_only_loopback_is_served() -> None:
    with pytest.raises(ValueError, match="loopback"):
        Server(Toy(), host="0.0.0.0")


def test_stopping_ends_what_is_slow_held_or_idle(toy: Toy) -> None:
    server = Server(toy).start()
    slow = toy.fault("slow", "/rows", times=1, seconds=60)
    held = toy.fault("hold", "/orders")
    idle = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    idle.request("GET", "/toy/nothing")
    idle.getresponse().read()
    waiting = [
        threading.Thread(target=_ask_quietly, args=(server.url("toy", "/rows"), toy, None)),
        threading.Thread(target=_ask_quietly, args=(server.url("toy", "/orders"), toy, {"reference": "A"})),
    ]
    for thread in waiting:
        thread.start()
    assert held.reached.wait(5)
    until = time.monotonic() + 5
    while not slow.used and time.monotonic() < until:
        time.sleep(0.01)
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 3
    for thread in waiting:
        thread.join(5)
        assert not thread.is_alive()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), 1)
    with Server(toy, port=server.port) as again:  # the vendor is back where it was
        assert len(rows(again, toy)) == 20


def _ask_quietly(url: str, toy: Toy, body: object) -> None:
    try:
        ask(url, token=toy.token, body=body, timeout=30)
    except (OSError, http.client.HTTPException):
        return


def test_pictures_are_drawn_without_a_token_and_carry_the_real_port(served: Server, toy: Toy) -> None:
    picture = ask(rows(served, toy)[0]["picture"])
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert picture.body.startswith(b"<svg ")
    assert b"</script" not in ask(served.url("toy", "/ProductImages/x.1.%3C%2Fscript%3E.svg")).body
    assert [call.path for call in toy.ledger.asked()] == ["/rows"]


# -- ledger


def test_the_ledger_tells_what_came_and_what_was_taken(served: Server, toy: Toy) -> None:
    ask(served.url("toy", "/orders?x=1"), token=toy.token, body={"reference": "W-1"})
    ask(served.url("toy", "/orders"), token="wrong", body={"reference": "W-2"})
    ask(served.url("toy", "/rows"))
    taken, refused, naked = toy.ledger.asked()
    assert (taken.method, taken.path, taken.query, taken.body) == (
        "POST",
        "/orders",
        [("x", "1")],
        {"reference": "W-1"},
    )
    assert (taken.status, taken.authorized, taken.credentials) == (200, True, True)
    assert (refused.status, refused.authorized, refused.credentials) == (403, False, True)
    assert (naked.authorized, naked.credentials) == (False, False)
    assert taken.monotonic <= refused.monotonic
    assert taken.digest != refused.digest
    assert [(w.verb, w.key, w.payload) for w in toy.ledger.accepted()] == [("place_order", "W-1", {"reference": "W-1"})]
    assert toy.ledger.accepted("place_order", key="W-2") == []
    assert len(toy.ledger.asked("/orders", "POST", status=403)) == 1
    assert toy.ledger.asked("/toy*") == []


def test_the_ledger_is_bounded_and_keeps_no_secret(served: Server, toy: Toy) -> None:
    toy.ledger = simulator.Ledger(limit=3)
    for _ in range(4):
        rows(served, toy, "?length=1")
    ask(served.url("toy", "/login"), body={"password": "planted-canary"}, token="planted-canary")
    assert toy.ledger.requests == 5
    assert len(toy.ledger.asked()) == 3
    assert "planted-canary" not in json.dumps(toy.ledger.as_json())
    assert toy.ledger.asked("/login")[0].digest == ""


# -- fault switches: which request


def test_a_fault_lets_some_pass_and_strikes_so_often(served: Server, toy: Toy) -> None:
    fault = toy.fault("status", "/rows", after=1, times=2, code=503)
    assert [ask(served.url("toy", "/rows"), token=toy.token).status for _ in range(5)] == [200, 503, 503, 200, 200]
    assert (fault.seen, fault.used) == (5, 2)
    assert ask(served.url("toy", "/orders"), token=toy.token, body={"reference": "A"}).status == 200


def test_a_fault_may_strike_by_method_by_chance_or_by_a_test_of_its_own(served: Server, toy: Toy) -> None:
    toy.fault("status", method="POST", code=500)
    toy.fault("status", "/rows", code=502, match=lambda request: ("start", "7") in request.query)
    assert ask(served.url("toy", "/orders"), token=toy.token, body={"reference": "A"}).status == 500
    assert ask(served.url("toy", "/rows?start=7"), token=toy.token).status == 502
    assert ask(served.url("toy", "/rows?start=8"), token=toy.token).status == 200
    toy.clear_faults()
    chance = toy.fault("status", "/rows", odds=0.25, code=500)
    for _ in range(200):
        ask(served.url("toy", "/rows?length=1"), token=toy.token)
    assert 30 < chance.used < 70


def test_a_mistyped_fault_is_told_with_what_there_is(toy: Toy) -> None:
    with pytest.raises(ValueError, match=r"no fault switch 'slwo'; there are: .*slow"):
        toy.fault("slwo")
    with pytest.raises(ValueError, match=r"has no option second; it takes: seconds, jitter"):
        toy.fault("slow", second=1)


# -- fault switches: time and transport


def test_a_slow_answer_comes_late_and_its_write_is_done_at_once(served: Server, toy: Toy) -> None:
    toy.fault("slow", "/orders", seconds=5)
    with pytest.raises(TimeoutError):
        ask(served.url("toy", "/orders"), token=toy.token, body={"reference": "W-1"}, timeout=0.3)
    assert [w.key for w in toy.ledger.accepted()] == ["W-1"]


def test_a_held_request_waits_for_its_release(served: Server, toy: Toy) -> None:
    fault = toy.fault("hold", "/orders")
    found: list[int] = []
    asking = threading.Thread(
        target=lambda: found.append(ask(served.url("toy", "/orders"), token=toy.token, body={"reference": "A"}).status)
    )
    asking.start()
    assert fault.reached.wait(5)
    assert len(toy.ledger.accepted()) == 1
    assert found == []
    fault.release.set()
    asking.join(5)
    assert found == [200]


@pytest.mark.parametrize("name", ["drip", "slow_headers", "uplink"])
def test_bytes_may_trickle(served: Server, toy: Toy, name: str) -> None:
    options: dict[str, Any] = {"drip": {"seconds": 0.05, "size": 100}}.get(name, {"seconds": 0.1})
    toy.fault(name, "/rows", **options)
    begun = time.monotonic()
    assert len(rows(served, toy, "?length=5")) == 5
    assert time.monotonic() - begun > 0.1


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("accept", [False, True])
def test_a_dropped_connection_may_hide_an_accepted_write(served: Server, toy: Toy, accept: bool, reset: bool) -> None:
    toy.fault("drop", "/orders", accept=accept, reset=reset)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)) as caught:
        ask(served.url("toy", "/orders"), token=toy.token, body={"reference": "W-1"})
    assert len(toy.ledger.accepted()) == int(accept)
    assert toy.ledger.asked()[0].status is None
    assert isinstance(caught.value, http.client.RemoteDisconnected) is not reset


@pytest.mark.parametrize("accept", [False, True])
def test_an_error_status_may_hide_an_accepted_write(served: Server, toy: Toy, accept: bool) -> None:
    toy.fault("status", "/orders", code=429, headers={"Retry-After": "-5"}, accept=accept)
    told = ask(served.url("toy", "/orders"), token=toy.token, body={"reference": "W-1"})
    assert (told.status, told.headers["Retry-After"]) == (429, "-5")
    assert len(toy.ledger.accepted()) == int(accept)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("percent", [1, 50, 99])
def test_a_cut_body_is_short_by_that_much(served: Server, toy: Toy, percent: int, chunked: bool) -> None:
    whole = len(ask(served.url("toy", "/rows"), token=toy.token).body)
    toy.fault("cut", "/rows", percent=percent, chunked=chunked)
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(served.url("toy", "/rows"), token=toy.token)
    assert len(caught.value.partial) == whole * percent // 100


def test_a_length_may_be_wrong_either_way(served: Server, toy: Toy) -> None:
    toy.fault("wrong_length", "/rows", times=1, extra=-10)
    with pytest.raises(json.JSONDecodeError):
        rows(served, toy)
    toy.fault("wrong_length", "/rows", times=1, extra=10)
    with pytest.raises(http.client.IncompleteRead):
        rows(served, toy)


def test_a_truncated_gzip_is_a_whole_answer_around_half_a_stream(served: Server, toy: Toy) -> None:
    toy.fault("gzip_truncated", "/rows", percent=50)
    half = ask(served.url("toy", "/rows"), token=toy.token)
    assert half.headers["Content-Encoding"] == "gzip"
    with pytest.raises(EOFError):
        gzip.decompress(half.body)


def test_a_bomb_is_small_on_the_wire_and_large_after_it(served: Server, toy: Toy) -> None:
    toy.fault("gzip_bomb", "/rows", times=1, size=64 << 20, fill=" ", tail="[]")
    bomb = ask(served.url("toy", "/rows"), token=toy.token)
    assert len(bomb.body) < 100_000
    unpacked = zlib.decompress(bomb.body, 31)  # checks the checksum as well
    assert len(unpacked) == (64 << 20) + 2
    assert json.loads(unpacked) == []


def test_an_endless_body_ends_when_the_client_hangs_up(served: Server, toy: Toy) -> None:
    toy.fault("endless", "/rows", times=1)
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=5)
    connection.request("GET", "/toy/rows", headers={"Authorization": f"Bearer {toy.token}"})
    response = connection.getresponse()
    assert response.getheader("Transfer-Encoding") == "chunked"
    assert len(response.read(5_000_000)) == 5_000_000
    connection.close()
    assert len(rows(served, toy)) == 20


def test_a_big_body_is_valid_and_over_a_cap(served: Server, toy: Toy) -> None:
    toy.fault("big", "/rows", size=3_000_000)
    big = ask(served.url("toy", "/rows"), token=toy.token, headers={"Accept-Encoding": "gzip"})
    assert len(big.body) > 3_000_000
    assert len(big.json()) == 20


@pytest.mark.parametrize("code", [301, 302, 307])
def test_a_redirect_points_anywhere(served: Server, toy: Toy, code: int) -> None:
    toy.fault("redirect", to="http://127.0.0.2:9/elsewhere", code=code)
    told = ask(served.url("toy", "/orders"), token=toy.token, body={"reference": "A"})
    assert (told.status, told.headers["Location"]) == (code, "http://127.0.0.2:9/elsewhere")
    assert toy.ledger.accepted() == []


def test_a_token_revoked_on_the_way_stays_dead_until_one_is_set(served: Server, toy: Toy) -> None:
    token = toy.token
    toy.fault("revoke", "/rows", after=2)
    told = [ask(served.url("toy", "/rows"), token=token).status for _ in range(4)]
    assert told == [200, 200, 403, 403]
    toy.token = "new"
    assert ask(served.url("toy", "/rows"), token="new").status == 200


def test_a_foreign_address_is_refused_in_the_vendors_words(served: Server, toy: Toy) -> None:
    toy.fault("foreign_ip", times=1)
    assert ask(served.url("toy", "/rows"), token=toy.token).body == b"no: ip"


# -- fault switches: content


def test_bodies_that_are_no_sound_json(served: Server, toy: Toy) -> None:
    def body(name: str, **options: Any) -> bytes:
        toy.fault(name, "/rows", times=1, **options)
        return ask(served.url("toy", "/rows"), token=toy.token).body

    assert body("html").startswith(b"<!DOCTYPE html>")
    assert body("empty") == b""
    assert body("bom").startswith(b"\xef\xbb\xbf[")
    assert body("utf16").decode("utf-16").startswith('[{"id"')
    assert body("deep", depth=1000) == b"[" * 1000 + b"]" * 1000
    assert '"\\ud83d' in body("surrogate").decode()
    with pytest.raises(UnicodeDecodeError):
        body("latin1").decode()
    with pytest.raises(json.JSONDecodeError):
        json.loads(body("not_json"))


def test_a_header_may_lie_about_the_body(served: Server, toy: Toy) -> None:
    toy.fault("html", "/rows", times=1, declared="application/json")
    assert ask(served.url("toy", "/rows"), token=toy.token).headers["Content-Type"] == "application/json"
    toy.fault("content_type", "/rows", times=1, value="text/plain")
    plain = ask(served.url("toy", "/rows"), token=toy.token)
    assert (plain.headers["Content-Type"], len(plain.json())) == ("text/plain", 20)


@pytest.mark.parametrize(
    ("how", "is_so"),
    [
        ("object", lambda value: isinstance(value["result"], list)),
        ("list", lambda value: len(value) == 1),
        ("null", lambda value: value is None),
        ("text", lambda value: isinstance(value, str)),
        ("error", lambda value: value["status"] == 5),
        ("nested", lambda value: len(value["data"]) == 20),
        ("renamed", lambda value: "stock" not in value[0] and value[0]["qty"] == "5"),
    ],
)
def test_valid_json_of_another_shape(served: Server, toy: Toy, how: str, is_so: Any) -> None:
    toy.fault("shape", "/rows", how=how, field="stock", to="qty")
    assert is_so(rows(served, toy))


def test_a_number_no_json_library_writes(served: Server, toy: Toy) -> None:
    toy.fault("raw_value", "/rows", field="stock", literal="1e999", at=3)
    body = ask(served.url("toy", "/rows"), token=toy.token).body
    assert body.count(b'"stock":1e999') == 1
    assert b'"id":3,"changed":"t3","stock":1e999' in body


def test_rows_may_be_bent(served: Server, toy: Toy) -> None:
    def bent(name: str, **options: Any) -> Any:
        toy.fault(name, "/rows", times=1, **options)
        return rows(served, toy)

    assert bent("empty_list") == []
    assert len(bent("shrink", share=0.4)) == 12
    assert sum(row["stock"] == "0" for row in bent("zero", share=0.5)) == 10
    assert {row["status"] for row in bent("unknown_status", value="Lost")} == {"Lost"}
    assert {row["changed"] for row in bent("equal_times")} == {"t0"}
    doubled = bent("duplicate_rows", share=0.1, changes={"status": "changed"})
    assert len(doubled) == 22
    assert {row["status"] for row in doubled} == {"open", "changed"}
    assert bent("bad_row", at=7, values={"stock": "١٢٣"}, without=["name"])[7] == {
        "id": 7, "changed": "t7", "stock": "١٢٣", "status": "open", "picture": toy.truth("rows")[7]["picture"],
    }  # fmt: skip
    assert bent("bad_row", at=2)[2] is None
    assert rows(served, toy) == toy.truth("rows")  # the truth never changed


def test_a_page_may_come_twice_or_for_ever(served: Server, toy: Toy) -> None:
    toy.fault("repeat_page", "/rows", after=1, times=1)
    pages = [ids(rows(served, toy, f"?start={start}&length=5")) for start in (0, 5, 10)]
    assert pages == [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [10, 11, 12, 13, 14]]
    toy.clear_faults()
    toy.fault("repeat_page", "/rows", after=2)
    pages = [ids(rows(served, toy, f"?start={start}&length=5")) for start in (0, 5, 10, 15, 20)]
    assert pages == [[0, 1, 2, 3, 4], *[[5, 6, 7, 8, 9]] * 4]


def test_rows_may_move_between_pages(served: Server, toy: Toy) -> None:
    toy.fault("move", "/rows", times=1, how="insert")
    pages = [ids(rows(served, toy, f"?start={start}&length=10")) for start in (0, 10)]
    assert pages[1][0] == 9  # pushed from the first page to the second: read twice
    toy.reset()
    toy.fault("move", "/rows", times=1, how="delete")
    pages = [ids(rows(served, toy, f"?start={start}&length=5")) for start in (0, 5, 10)]
    assert 10 not in [number for page in pages for number in page]  # 10 was taken out of the middle
    assert len(toy.truth("rows")) == 19


def test_the_truth_can_be_changed_under_a_reader(served: Server, toy: Toy) -> None:
    toy.change("rows", 3, stock="99", **{"a name": "with blank"})
    toy.remove("rows", 4, 5)
    toy.put("rows", {"id": 77}, at=0)
    toy.fault("call", "/rows", times=1, do=lambda sim, request: sim.change("rows", 6, stock="7"))
    assert rows(served, toy) == toy.truth("rows")
    by_id = {row["id"]: row for row in toy.truth("rows")}
    assert (by_id[3]["stock"], by_id[3]["a name"], by_id[6]["stock"]) == ("99", "with blank", "7")
    assert list(by_id)[:5] == [77, 0, 1, 2, 3]
    with pytest.raises(KeyError, match="no row 4"):
        toy.change("rows", 4, stock="1")
    with pytest.raises(KeyError, match="toy has no rows called 'nothing'; it has: rows"):
        toy.truth("nothing")


# -- steering from another process


def test_a_simulator_is_steered_over_http(served: Server, toy: Toy) -> None:
    def control(path: str, method: str = "GET", body: object = None) -> Any:
        told = ask(served.control_url("toy", path), method, body=body)
        assert told.status == 200, told.body
        return told.json()

    number = control("/faults", "POST", {"name": "status", "path": "/rows", "code": 503})["id"]
    assert ask(served.url("toy", "/rows"), token=toy.token).status == 503
    assert control("/faults")[0]["used"] == 1
    control(f"/faults/{number}", "DELETE")
    control("/truth/rows/3", "PATCH", {"stock": "42"})
    control("/truth/rows", "POST", {"id": 50})
    control("/truth/rows/1", "DELETE")
    control("/token", "PUT", {"token": "other"})
    control("/settings", "PUT", {"gzip": False})
    assert control("")["settings"] == {"gzip": False}
    assert control("")["rows"] == {"rows": 20}
    assert rows(served, toy) == control("/truth/rows")
    assert control("/truth/rows")[3]["stock"] == "42"
    ledger = control("/ledger?path=/rows")
    assert [call["status"] for call in ledger["asked"]] == [503, 200]
    control("/reset", "POST")
    assert control("/ledger")["requests"] == 0
    assert len(control("/truth/rows")) == 20


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "why"),
    [
        ("POST", "/faults", {"name": "slwo"}, 400, "no fault switch"),
        ("POST", "/faults", {"name": "call", "do": "x"}, 400, "in process only"),
        ("POST", "/faults", b"{", 400, "not JSON"),
        ("PUT", "/settings", {"colour": 1}, 400, "no setting colour"),
        ("PATCH", "/truth/rows/99", {"stock": "1"}, 404, "no row"),
        ("GET", "/truth/nothing", None, 404, "no rows called"),
        ("GET", "/nonsense", None, 404, "no control"),
    ],
)
def test_a_mistake_in_steering_is_told(
    served: Server, method: str, path: str, body: object, status: int, why: str
) -> None:
    told = ask(served.control_url("toy", path), method, body=body)
    assert told.status == status
    assert why in told.json()["error"]


def test_it_stands_alone_without_django() -> None:
    command = [sys.executable, "-m", "integrations.simulator", "--port", "0", "--seed", "tiny"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        root = process.stdout.readline().split()[2]
        assert sorted(ask(root + "/_sim/").json()) == simulator.kinds()
        told = ask(root + "/_sim/elryan/faults", "POST", body={"name": "empty"})
        assert told.status == 200
        assert ask(root + "/elryan/api/health-check").body == b""
    finally:
        process.terminate()
        assert process.wait(10) == 0


def test_no_simulator_needs_django() -> None:
    source = (
        "import sys; from integrations import simulator; [simulator.load(kind) for kind in simulator.kinds()];"
        "sys.exit(bool({'django', 'requests', 'urllib3', 'msgspec'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", source], cwd=ROOT, check=False).returncode == 0


def test_a_vendor_without_a_simulator_is_told() -> None:
    with pytest.raises(ValueError, match="no simulator 'nobody'; there are: "):
        simulator.load("nobody")


def test_nothing_listens_after_the_block(toy: Toy) -> None:
    with Server(toy) as server:
        url = server.url("toy", "/rows")
    with pytest.raises(URLError):
        ask(url, token=toy.token)


# -- invented data


def test_barcodes_have_the_right_check_digit() -> None:
    assert check_digit("978030640615") == "7"  # the ISBN standard's own example
    assert ean13(1) == "4750000000017"  # 4 + 3·7 + 5 + 3·1 = 33
    assert len({ean13(number) for number in range(1000)}) == 1000
