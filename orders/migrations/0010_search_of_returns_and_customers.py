"""One trigram index for each new search column, on PostgreSQL; other databases walk the list's own index."""

from typing import Any

from django.db import migrations

TABLES = ("orders_return", "orders_customer", "orders_abandonedcart")


def make(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in TABLES:
        schema_editor.execute(f"CREATE INDEX {table}_search ON {table} USING gin (search gin_trgm_ops)")


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in TABLES:
        schema_editor.execute(f"DROP INDEX IF EXISTS {table}_search")


class Migration(migrations.Migration):
    dependencies = [("orders", "0009_customers_and_returns")]
    operations = [migrations.RunPython(make, drop)]
