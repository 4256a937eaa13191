"""The app that carries the admin's theme, and the admin site that uses it."""

from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig


class HubConfig(AppConfig):
    name = "config"
    label = "hub"
    verbose_name = "Crossdock"


class HubAdminConfig(AdminConfig):
    default_site = "config.site.HubSite"

    def ready(self) -> None:
        super().ready()  # finds every admin module, Django's own among them
        from config import people

        apps.get_app_config("auth").verbose_name = "People"
        people.register()
