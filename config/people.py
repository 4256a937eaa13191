"""Who may sign in: Django's users and groups, with plain fields in place of its script-driven pickers."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.forms import CheckboxSelectMultiple, SelectMultiple
from django.http import HttpRequest, HttpResponse

from config import accounts
from config.admin import HubAdmin, age
from config.admin.rows import Done, row_by_row
from config.audit_page import AuditAdmin
from config.models import AuditEntry
from config.roles import ROLES
from config.second import codes, sessions
from config.stepup import FreshForms, demand

RIGHTS = ("is_active", "is_staff", "is_superuser", "groups")


class PersonAdmin(FreshForms, HubAdmin, UserAdmin):
    """Rights come by group, or all of them: rights given one by one are what nobody can oversee.

    Nobody changes their own rights, and only a superuser touches a superuser or makes one.
    """

    list_display = ("username", "name", "email", "is_active", "is_staff", "is_superuser", "signed_in")
    list_filter = ("is_active", "is_superuser", "groups")
    filter_horizontal = ()
    actions = ("remove_second_factor", "sign_out_everywhere")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Rights", {"fields": RIGHTS}),
        ("Dates", {"fields": ("last_login", "date_joined"), "classes": ["hub-facts"]}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = ["last_login", "date_joined"]
        if obj is not None and obj.pk == request.user.pk:
            fixed += RIGHTS
        elif not request.user.is_superuser:
            fixed.append("is_superuser")
        return fixed

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        own = obj is not None and obj.pk == request.user.pk
        return super().has_delete_permission(request, obj) and may_touch(request, obj) and not own

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        demand(request)
        with accounts.told_by_form():
            return super().user_change_password(request, id, form_url)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with accounts.told_by_form():
            return super().changeform_view(request, *args, **kwargs)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        with accounts.told_by_form():
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        with accounts.told_by_form():
            super().delete_queryset(request, queryset)

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(db_field, request, **{"widget": CheckboxSelectMultiple, **kwargs})

    @admin.action(description="Remove the second factor (a lost phone)", permissions=["change"])
    def remove_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        demand(request)

        def removed(person: User) -> Done:
            if not codes.remove(person):
                return Done(f"{person} had no second factor.", level=messages.WARNING)
            ended = sessions.end_all(person)  # whoever has the phone may be signed in on it
            text = f"{person} is signed out everywhere, signs in with the password alone, and can set up a new phone."
            return Done(text, f"Removed the second factor; {ended} sessions ended.")

        row_by_row(self, request, self.touchable(request, queryset), removed)

    @admin.action(description="Sign out everywhere", permissions=["change"])
    def sign_out_everywhere(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        demand(request)

        def ended(person: User) -> Done:
            count = sessions.end_all(person)
            text = f"{person}: {count} session{'' if count == 1 else 's'} ended."
            return Done(text, f"Signed out everywhere: {count} sessions.")

        row_by_row(self, request, self.touchable(request, queryset), ended)

    def touchable(self, request: HttpRequest, people: QuerySet[User]) -> list[User]:
        """Those this person may change; of the others it is said."""
        for person in people:
            if not self.has_change_permission(request, person):
                self.message_user(request, f"{person} is a superuser: only another one can do this.", messages.ERROR)
        return [person for person in people if self.has_change_permission(request, person)]

    @admin.display(description="name", ordering="first_name")
    def name(self, row: User) -> str:
        return row.get_full_name()

    @admin.display(description="last sign-in", ordering="last_login")
    def signed_in(self, row: User) -> Any:
        return age(row.last_login)


def may_touch(request: HttpRequest, person: User | None) -> bool:
    return person is None or request.user.is_superuser or not person.is_superuser


class CircleAdmin(FreshForms, HubAdmin, GroupAdmin):
    """The four roles are kept by code, so nobody edits them here; other groups are a superuser's to make."""

    filter_horizontal = ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not is_role(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not is_role(obj)

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        widget = SelectMultiple(attrs={"size": 24})
        return super().formfield_for_manytomany(db_field, request, **{"widget": widget, **kwargs})


def is_role(group: Group | None) -> bool:
    return group is not None and group.name in ROLES


def register() -> None:
    """In place of Django's own two pages; and no page at all shows the seeds and codes of second factors."""
    for model in [model for model in admin.site._registry if model._meta.app_label.startswith("otp_")]:
        admin.site.unregister(model)
    for model, page in ((User, PersonAdmin), (Group, CircleAdmin), (AuditEntry, AuditAdmin)):
        if admin.site.is_registered(model):
            admin.site.unregister(model)
        admin.site.register(model, page)
