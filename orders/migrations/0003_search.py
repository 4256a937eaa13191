"""One trigram index for each search column, on PostgreSQL; other databases walk the list's own index."""

from typing import Any

from django.db import migrations

TABLES = ("orders_order", "orders_package", "orders_transaction")


def make(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for table in TABLES:
        schema_editor.execute(f"CREATE INDEX {table}_search ON {table} USING gin (search gin_trgm_ops)")


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in TABLES:
        schema_editor.execute(f"DROP INDEX IF EXISTS {table}_search")


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_purchase_sale")]
    operations = [migrations.RunPython(make, drop)]
