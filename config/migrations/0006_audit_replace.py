"""On SQLite a row of the audit log cannot be replaced by an INSERT either."""

from typing import Any

from django.db import migrations

from config import audit_triggers


def on(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(audit_triggers.SQLITE_KEEP, params=None)


def off(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {audit_triggers.TABLE}_no_replace", params=None)


class Migration(migrations.Migration):
    dependencies = [("hub", "0005_axes_counts")]

    operations = [migrations.RunPython(on, off)]
