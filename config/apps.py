"""The app that carries the admin's theme, and the admin site that uses it."""

from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class HubConfig(AppConfig):
    name = "config"
    label = "hub"
    verbose_name = "Trail"

    def ready(self) -> None:
        from config import accounts, auditing, roles

        auditing.listen()
        accounts.listen()

        post_migrate.connect(roles.keep_after, dispatch_uid="hub.roles")


class HubAdminConfig(AdminConfig):
    default_site = "config.site.HubSite"

    def ready(self) -> None:
        super().ready()  # finds every admin module, Django's own among them
        from config import people

        apps.get_app_config("auth").verbose_name = "People"
        people.register()
