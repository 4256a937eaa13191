"""Who may sign in: Django's users and groups, with plain fields in place of its script-driven pickers."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.forms import CheckboxSelectMultiple, SelectMultiple

from config.admin import HubAdmin, age


class PersonAdmin(HubAdmin, UserAdmin):
    """Rights come by group, or all of them: rights given one by one are what nobody can oversee."""

    list_display = ("username", "name", "email", "is_active", "is_staff", "is_superuser", "signed_in")
    list_filter = ("is_active", "is_superuser", "groups")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Dates", {"fields": ("last_login", "date_joined"), "classes": ["hub-facts"]}),
    )

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(db_field, request, **{"widget": CheckboxSelectMultiple, **kwargs})

    @admin.display(description="name", ordering="first_name")
    def name(self, row: User) -> str:
        return row.get_full_name()

    @admin.display(description="last sign-in", ordering="last_login")
    def signed_in(self, row: User) -> Any:
        return age(row.last_login)


class CircleAdmin(HubAdmin, GroupAdmin):
    filter_horizontal = ()

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        widget = SelectMultiple(attrs={"size": 24})
        return super().formfield_for_manytomany(db_field, request, **{"widget": widget, **kwargs})


def register() -> None:
    """In place of Django's own two pages; and no page at all shows the seeds and codes of second factors."""
    for model in [model for model in admin.site._registry if model._meta.app_label.startswith("otp_")]:
        admin.site.unregister(model)
    for model, page in ((User, PersonAdmin), (Group, CircleAdmin)):
        if admin.site.is_registered(model):
            admin.site.unregister(model)
        admin.site.register(model, page)
