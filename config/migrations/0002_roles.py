"""The four roles. What each may do is kept by config/roles.py, after every migration."""

from typing import Any

from django.db import migrations

ROLES = ("Staff", "Operator", "Admin", "Auditor")


def make(apps: Any, schema_editor: Any) -> None:
    group = apps.get_model("auth", "Group")
    for name in ROLES:
        group.objects.using(schema_editor.connection.alias).get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [("hub", "0001_authenticator"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
