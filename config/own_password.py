"""Changing one's own password: a wrong old one counts as a wrong sign-in does, and the change is in the audit log."""

from typing import Any

from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.auth import authenticate
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from config import accounts, audit
from config.second.views import too_many


class OwnPasswordForm(AdminPasswordChangeForm):
    """Whoever came into somebody's session guesses here no faster than at the sign-in."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        given = str(self.cleaned_data["old_password"])
        found = authenticate(self.request, username=self.user.get_username(), password=given)
        if found is not None and found.pk == self.user.pk:
            return given
        waits = too_many(self.request)
        raise waits or ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")


@method_decorator(never_cache, name="dispatch")
class ChangeOwn(PasswordChangeView):
    form_class = OwnPasswordForm
    success_url = reverse_lazy("admin:password_change_done")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}

    def form_valid(self, form: Any) -> HttpResponse:
        with accounts.told_by_form():
            answer = super().form_valid(form)
        audit.record("changed a password", self.request.user, request=self.request, said="Their own.")
        return answer
