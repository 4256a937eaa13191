"""Rate slots without a write-ahead log, on PostgreSQL: no call waits for a disk, and a re-sync that changes nothing writes none.

A server that crashed, or a standby that took over, comes up with no slots. That is what the budget takes for a lost store: it begins
shut for one window, while a logged table could come back with slots as they were before the last calls.
"""

from typing import Any

from django.db import migrations

TABLES = ("integrations_rateslot", "integrations_ratewaiter")


def change(schema_editor: Any, way: str) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(f"ALTER TABLE {table} SET {way}")


class Migration(migrations.Migration):
    dependencies = [("integrations", "0004_vendor_failed_runs")]
    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: change(schema_editor, "UNLOGGED"),
            lambda apps, schema_editor: change(schema_editor, "LOGGED"),
        )
    ]
