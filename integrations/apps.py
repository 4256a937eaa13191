from importlib import import_module

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = "Connections"

    def ready(self) -> None:
        import_module("integrations.checks")  # they register themselves

    def serves(self) -> None:
        """The web process has begun: it looks whether it can open every secret, while it answers already."""
        from integrations import unread

        unread.started_aside("web")
