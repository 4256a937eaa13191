"""A trigram index for sales and one for purchases: a word that only the others hold costs nothing to look for.

One index over both handed every purchase with the word to a search among sales, to be thrown away row by row.
"""

from typing import Any

from django.db import migrations


def split(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for direction in ("sale", "purchase"):
        schema_editor.execute(
            f"CREATE INDEX orders_{direction}_search ON orders_order USING gin (search gin_trgm_ops)"
            f" WHERE direction = '{direction}'"
        )
    schema_editor.execute("DROP INDEX IF EXISTS orders_order_search")


def join(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("CREATE INDEX orders_order_search ON orders_order USING gin (search gin_trgm_ops)")
    for direction in ("sale", "purchase"):
        schema_editor.execute(f"DROP INDEX IF EXISTS orders_{direction}_search")


class Migration(migrations.Migration):
    dependencies = [("orders", "0010_search_of_returns_and_customers")]
    operations = [migrations.RunPython(split, join)]
