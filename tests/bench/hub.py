"""The hub set up for a measurement: settings, tables, nothing else."""

from typing import Any


def ready(**settings: Any) -> None:
    """Django on the database that DATABASE_URL names, its tables made; `settings` overrule the hub's own."""
    import django
    from django.conf import settings as hub

    django.setup()
    for name, value in settings.items():
        setattr(hub, name, value)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
