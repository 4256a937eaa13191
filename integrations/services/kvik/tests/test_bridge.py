"""XML2DB against a real MariaDB: orders from documents, in the order of ids, without ever writing a row there."""

import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from integrations import connecting, connection, errors, mysql, trial
from integrations.errors import BadPayload, Refused, Wait
from integrations.models import ApiCall, Reject, Schedule, SyncRun, Vendor
from integrations.services.kvik import bridge
from integrations.services.kvik.simulator import Simulator
from integrations.services.kvik.tests.bridges import PASSWORD, Table, bridged, options_of, order
from integrations.services.kvik.tests.runs import connected, good, run
from orders.models import Order
from tests import servers
from tests.servers import MariaDB

# One MariaDB for all of them: they stay in one process.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.xdist_group("mariadb")]


def content(table: Table) -> Any:
    return table.do("SELECT id, type, xml, created_at FROM events ORDER BY id")


def test_orders_come_from_documents_and_no_row_there_is_touched(server: MariaDB, table: Table) -> None:
    for key in range(1, 4):
        table.put(order(700 + key))
    before = content(table)
    vendor = bridged(server, status_map={"paid": "confirmed"})
    done = good(vendor)
    assert (done.created, done.rejected) == (3, 0)
    first = Order.objects.get(external_id="701")
    assert (first.number, first.status, first.vendor_status) == ("V701", "confirmed", "paid")
    assert (first.total, first.currency, first.buyer_name) == (Decimal("100.00"), "CZK", "Ondřej Malý")
    assert first.placed_at == datetime(2026, 5, 4, 8, tzinfo=UTC)
    [line] = first.lines.all()
    assert (line.external_id, line.sku, line.quantity, line.unit_price) == ("1", "DZ-110", Decimal(2), Decimal(50))
    assert first.raw["_document"] == order(701), "the document is kept as it came"
    assert first.raw["_bridge"] == {"id": 1, "type": "order", "created": "2026-05-04T12:00:00"}
    assert content(table) == before
    calls = ApiCall.objects.filter(vendor=vendor)
    assert {call.method for call in calls} == {"SELECT"}
    assert good(vendor).unchanged == 3


def test_the_cursor_goes_on_behind_the_last_id_and_finds_what_was_committed_late(server: MariaDB, table: Table) -> None:
    for key in (1, 2, 4):
        table.put(order(key), key=key)
    vendor = bridged(server)
    good(vendor)
    assert Schedule.objects.get(vendor=vendor).cursor == {"bridge": 4}
    table.put(order(3), key=3)  # its transaction took longer than that of row 4
    table.put(order(1, status="shipped", changed="2026-05-05 09:00:00"), key=5)
    done = good(vendor)
    assert (done.created, done.updated) == (1, 1)
    assert Order.objects.get(external_id="1").vendor_status == "shipped"
    assert good(vendor).unchanged == 4


def test_many_rows_are_read_page_by_page_and_an_older_document_changes_nothing(
    server: MariaDB, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "PAGE", 10)
    monkeypatch.setattr(bridge, "AGAIN", 5)
    table.put(order(1, status="old"), at="2026-05-04 12:00:00")
    for key in range(2, 35):
        table.put(order(key), at="2026-05-04 13:00:00")
    table.put(order(1, status="new one"), at="2026-05-04 14:00:00")
    vendor = bridged(server)
    done = good(vendor)
    assert (done.created, done.pages) == (34, 4)
    assert Order.objects.get(external_id="1").vendor_status == "new one"
    good(vendor, mode=SyncRun.Mode.VERIFY)  # from the first row on: the old document comes again
    assert Order.objects.get(external_id="1").vendor_status == "new one"


def test_large_documents_come_on_pages_that_fit(server: MariaDB, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "TOGETHER", 300_000)
    for key in range(1, 8):
        table.put(order(key).replace("</number>", "</number><note>" + "x" * 100_000 + "</note>"))
    done = good(bridged(server))
    assert (done.created, done.pages) == (7, 3)


def test_a_table_whose_ids_begin_anew_is_read_from_its_start(server: MariaDB, table: Table) -> None:
    table.put(order(1), key=5000)
    vendor = bridged(server)
    good(vendor)
    table.do("TRUNCATE events")
    table.put(order(2))
    assert good(vendor).created == 1


def test_payments_and_users_are_passed_over_with_a_word_about_it(server: MariaDB, table: Table) -> None:
    table.put(order(1))
    table.put("<payment id='1'><status>paid</status></payment>", kind="payment")
    table.put("<user id='1'/>", kind="")
    vendor = bridged(server, bridge_types="")
    done = good(vendor)
    assert (done.seen, done.created) == (1, 1)
    assert "<payment>, <user>" in done.note
    by_type = bridged(server, bridge_types="Order, order-change", bridge_roots="*")
    assert "payment, without a type" in good(by_type, mode=SyncRun.Mode.FULL).note


def test_one_bad_document_costs_nobody_else_and_no_entity_is_read(server: MariaDB, table: Table) -> None:
    table.put(order(1))
    table.put("<order><id>2</id><number>")
    table.put(
        "<!DOCTYPE order [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><order><id>3</id><number>&x;</number></order>"
    )
    table.put("<order><number>4</number></order>")
    table.put("<order><id>5</id><total>" + "9" * bridge.LARGEST + "</total></order>")
    table.put(order(6))
    done = run(bridged(server))
    assert (done.state, done.created, done.rejected) == (SyncRun.State.PARTIAL, 2, 4)
    reasons = " ".join(Reject.objects.values_list("reason", flat=True))
    for said in ("no XML", "DTD inside", "no id at “id | @id”", "more than the 1048576"):
        assert said in reasons


def test_bytes_are_read_by_the_encoding_their_document_declares(server: MariaDB, table: Table) -> None:
    table.do("ALTER TABLE events MODIFY xml LONGBLOB")
    document = order(1).replace('encoding="utf-8"', 'encoding="windows-1250"')
    table.put(document.encode("windows-1250"))
    table.put(order(2).encode())
    good(bridged(server))
    assert set(Order.objects.values_list("buyer_name", flat=True)) == {"Ondřej Malý"}


def test_columns_and_elements_by_other_names(server: MariaDB, table: Table) -> None:
    table.do(
        "ALTER TABLE events CHANGE id rada BIGINT AUTO_INCREMENT, CHANGE xml obsah MEDIUMTEXT, DROP type, DROP created_at"
    )
    table.do("RENAME TABLE events TO fronta")
    try:
        table.do("GRANT SELECT ON bridge.fronta TO reader")
        document = "<zmena><obj><cislo>9</cislo><radek><kod>X</kod></radek></obj></zmena>"
        table.do("INSERT INTO fronta (obsah) VALUES (%s)", document)
        vendor = bridged(
            server, bridge_table="fronta", bridge_id_column="rada", bridge_xml_column="obsah", bridge_roots="zmena",
            xml_order_map={"external_id": "obj.cislo", "lines": "obj.radek"}, xml_line_map={"sku": "kod"},
            bridge_type_column="", bridge_created_column="",
        )  # fmt: skip
        assert good(vendor).created == 1
        assert Order.objects.get().lines.get().sku == "X"
    finally:
        table.do("DROP TABLE fronta")


def test_both_sources_feed_one_flow_and_go_on_where_each_was(tiny: Simulator, server: MariaDB, table: Table) -> None:
    table.put(order(900))
    given = tiny.connections()[0]
    vendor = connected(
        tiny, {**given["secrets"], "bridge_password": PASSWORD}, **options_of(server, orders_source="both")
    )
    done = good(vendor)
    assert (done.created, Order.objects.count()) == (6, 6)
    cursor = Schedule.objects.get(vendor=vendor).cursor
    assert (cursor["bridge"], "updated" in cursor) == (1, True)
    table.put(order(901))
    tiny.insert_front("orders")
    assert good(vendor).created == 2


def test_try_it_shows_the_bridges_page(server: MariaDB, table: Table) -> None:
    table.put(order(1))
    table.put("<order><id>")
    vendor = bridged(server)
    tried = trial.try_flow(vendor, "orders", {})
    assert (tried.count, tried.refused, tried.error) == (2, 1, "")
    assert tried.rows[0].key == "1"
    assert not Order.objects.exists()


# -- what goes wrong


def test_a_connection_test_reads_the_bridge_and_says_what_is_wrong(server: MariaDB, table: Table) -> None:
    table.put(order(1))
    verdict = connection.probe(bridged(server))
    assert verdict.ok, verdict.message
    assert "MariaDB" in verdict.facts["bridge"]
    assert "newest row 1" in verdict.facts["bridge"]
    for changes, cause, said in (
        ({"bridge_user": "nobody"}, "password", "user or the password"),
        ({"bridge_table": "nothing"}, "vendor", "right to SELECT"),
        ({"bridge_xml_column": "nothing"}, "vendor", "no such column"),
        ({"bridge_table": "events; DROP TABLE events"}, "vendor", "no name of a table"),
        ({"bridge_host": "localhost", "bridge_port": servers.free_port()}, "network", "cannot be reached"),
        ({"bridge_host": "10.11.12.13"}, "url", "not on the public internet"),
        ({"bridge_tls": "on"}, "tls", "no encrypted line"),
        ({"bridge_host": ""}, "vendor", "no host"),
    ):
        verdict = connection.probe(bridged(server, **changes))
        assert (verdict.ok, verdict.cause) == (False, cause), (changes, verdict.message)
        assert said in f"{verdict.message} {verdict.cure}"
        assert verdict.cure
        assert PASSWORD not in f"{verdict}"
        for name in changes:
            reset = {
                "bridge_host": server.host,
                "bridge_port": server.port,
                "bridge_user": "reader",
                "bridge_tls": "off",
            }
            connecting.connect(
                "kvik", "shop", options={name: reset.get(name, {"bridge_table": "events"}.get(name, "xml"))}
            )


def test_a_wrong_password_pauses_the_connection_and_is_told_without_it(server: MariaDB, table: Table) -> None:
    vendor = bridged(server, "a-password-of-yesterday")
    done = run(vendor)
    assert (done.state, done.error_kind) == (SyncRun.State.FAILED, "needs_auth")
    assert "password" in done.cure
    assert "yesterday" not in done.error + done.cure
    vendor.refresh_from_db()
    assert vendor.state == Vendor.State.NEEDS_AUTH


def own_certificate(folder: Path) -> Path:
    """A PEM file with a fresh key and a certificate for 127.0.0.1, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bridge")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "own.pem"
    path.write_bytes(private + made.sign(key, hashes.SHA256()).public_bytes(pem))
    return path


def test_an_encrypted_line_is_used_and_its_certificate_is_checked(tmp_path: Path, settings: Any) -> None:
    own = own_certificate(tmp_path)
    with servers.mariadb(own) as secure:
        place = replace(place_of(secure), plain=False)
        with pytest.raises(Refused, match="nobody vouches for"), mysql.reading(place):
            pass
        settings.HUB_HTTP_CA = str(own)
        with mysql.reading(place) as reading:
            [[_, cipher]] = reading.query("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
        assert cipher
        with pytest.raises(errors.VendorError), mysql.reading(replace(place, plain=True)):
            pass


def place_of(server: MariaDB) -> mysql.Place:
    return mysql.Place(server.host, server.port, server.database, server.user, server.password, plain=True)


WRITES = ("DELETE FROM events", "UPDATE events SET type = 'x'", "INSERT INTO events () VALUES ()", "DROP TABLE events")


@pytest.mark.parametrize("sql", WRITES)
def test_nothing_can_be_written_even_by_a_user_who_may(server: MariaDB, table: Table, sql: str) -> None:
    table.put(order(1))
    before = content(table)
    with mysql.reading(place_of(server)) as reading, pytest.raises(Refused, match="may not do this"):
        reading.query(sql)
    assert content(table) == before


def test_a_question_that_takes_too_long_is_given_up(server: MariaDB, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mysql, "STATEMENT", 1)
    with mysql.reading(place_of(server)) as reading, pytest.raises(Wait, match="took too long"):
        reading.query("SELECT SLEEP(9)")


def test_a_line_that_is_cut_is_told(server: MariaDB, table: Table) -> None:
    with mysql.reading(place_of(server)) as reading:
        [[own]] = reading.query("SELECT CONNECTION_ID()")
        table.do(f"KILL {own}")
        with pytest.raises(Wait, match="went away"):
            reading.query("SELECT 1")


@pytest.mark.parametrize(
    "greeting",
    [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x05\x00\x00\x00\x0a5.5", b"\xff" * 64],
    ids=("silence", "the web", "half a word", "noise"),
)
def test_what_does_not_speak_as_a_database_is_no_accident(monkeypatch: pytest.MonkeyPatch, greeting: bytes) -> None:
    monkeypatch.setattr(mysql, "READ", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = mysql.Place("127.0.0.1", listener.getsockname()[1], "b", "u", "p-4711", plain=True)

        def greet() -> None:
            line, _ = listener.accept()
            with line:
                line.sendall(greeting)
                line.shutdown(socket.SHUT_WR)
                line.recv(1000)

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        with pytest.raises((BadPayload, Refused, Wait)), mysql.reading(place):
            pass
        thread.join(5)
