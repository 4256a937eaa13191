"""A bridge's table on a real MariaDB, as the shop fills it, and a connection that reads it."""

from typing import Any

from integrations import connecting
from integrations.models import Vendor
from tests.secrets_watch import WORD
from tests.servers import MariaDB

PASSWORD = f"reader-{WORD}"  # watched for wherever the suite looks, as the simulators' secrets are


class Table:
    """The bridge's table. `do` runs a statement as the database's owner."""

    def __init__(self, server: MariaDB) -> None:
        import pymysql

        self.link: Any = pymysql.connect(
            host=server.host, port=server.port, user=server.user, password=server.password, database=server.database,
            charset="utf8mb4", autocommit=True,
        )  # fmt: skip

    def do(self, sql: str, *values: Any) -> Any:
        with self.link.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall()

    def put(self, document: Any, kind: str = "order", key: int | None = None, at: str = "2026-05-04 12:00:00") -> int:
        self.do("INSERT INTO events (id, type, xml, created_at) VALUES (%s, %s, %s, %s)", key, kind, document, at)
        return int(self.do("SELECT LAST_INSERT_ID()")[0][0]) or int(key or 0)

    def fresh(self, server: MariaDB) -> None:
        """An empty table, and a user `reader` who may read it."""
        self.do("DROP TABLE IF EXISTS events")
        self.do(
            "CREATE TABLE events (id BIGINT AUTO_INCREMENT PRIMARY KEY, type VARCHAR(200), xml MEDIUMTEXT, "
            "created_at DATETIME) ENGINE=InnoDB CHARACTER SET utf8mb4"
        )
        self.do("DROP USER IF EXISTS reader")
        self.do("CREATE USER reader IDENTIFIED BY %s", PASSWORD)
        self.do(f"GRANT SELECT ON {server.database}.events TO reader")


def order(key: int, status: str = "paid", total: str = "100.00", items: str = "", changed: str = "") -> str:
    stamp = f"<updated_at>{changed}</updated_at>" if changed else ""
    lines = items or "<item id='1'><sku>DZ-110</sku><name>Džbán</name><quantity>2</quantity><price>50.00</price></item>"
    return (
        f'<?xml version="1.0" encoding="utf-8"?><order id="{key}"><number>V{key}</number><status>{status}</status>'
        f"<created_at>2026-05-04 10:00:00</created_at>{stamp}<currency>CZK</currency><total vat='21'>{total}</total>"
        f"<customer><name>Ondřej Malý</name></customer><items>{lines}</items></order>"
    )


def options_of(server: MariaDB, **changes: Any) -> dict[str, Any]:
    known = {
        "orders_source": "bridge", "bridge_host": server.host, "bridge_port": server.port, "bridge_tls": "off",
        "bridge_database": server.database, "bridge_user": "reader",
        "bridge_type_column": "type", "bridge_created_column": "created_at",
    }  # fmt: skip
    return {**known, **changes}


def bridged(server: MariaDB, password: str = PASSWORD, **changes: Any) -> Vendor:
    """A connection without any App API."""
    return connecting.connect(
        "kvik",
        "shop",
        base_url="shop.example.com",
        options=options_of(server, **changes),
        secrets={"bridge_password": password},
    )
