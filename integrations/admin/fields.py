"""Form fields of what a kind declares: options by their type, secrets write-only."""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.dateparse import parse_duration

from config.admin import age
from integrations.admin.maps import MapField
from integrations.models import Token
from integrations.service import Option, Secret, VendorService

OPTION, SECRET = "option_", "secret_"
KINDS: dict[str, type[forms.Field]] = {
    "duration": forms.DurationField,
    "text": forms.CharField,
}


class JSONField(forms.JSONField):
    """Says where the text stops being JSON."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except forms.ValidationError:
            try:
                json.loads(value)
            except ValueError as error:
                raise forms.ValidationError(
                    f"This is not JSON: {error}. Texts and names stand in double quotes, for example "
                    '{"en": "English"}.',
                    code="invalid",
                ) from None
            raise


def field_of(option: Option, confirmed: bool = False) -> forms.Field:
    """The form field of a declared option."""
    word = "Confirmed for this account." if confirmed else "Not verified for this account: no document states it."
    help_text = option.help if option.proven else f"{option.help} {word}".strip()
    common: dict[str, Any] = {"label": option.label, "required": option.required, "help_text": help_text}
    if option.kind == "bool":
        return forms.BooleanField(**{**common, "required": False})
    if option.kind in ("int", "decimal"):
        number = forms.IntegerField if option.kind == "int" else forms.DecimalField
        return number(min_value=option.least, max_value=option.most, **common)
    if option.kind == "json":
        return JSONField(**common, widget=forms.Textarea(attrs={"rows": 4, "cols": 60}))
    if option.kind == "map":
        return MapField(option, **common)
    if option.kind == "choice":
        blank = () if option.required else (("", "—"),)
        return forms.ChoiceField(choices=(*blank, *option.choices), **common)
    if option.kind == "url":
        return forms.URLField(assume_scheme="https", **common)
    if option.kind == "duration":
        common["help_text"] = f"{help_text} Hours, minutes, seconds: 0:15:00 is a quarter of an hour.".strip()
    return KINDS[option.kind](**common)


def shown_option(option: Option, value: Any) -> Any:
    """A stored option as its field wants it at first."""
    if value in (None, ""):
        value = option.default
    if option.kind == "duration" and isinstance(value, str):
        return parse_duration(value)
    return value


def led_elsewhere(options: Iterable[Option], stored: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether secrets would be sent elsewhere than so far, or less well guarded."""
    return any(
        str(shown_option(option, given.get(option.name))) != str(shown_option(option, stored.get(option.name)))
        for option in options
        if option.leads
    )


def misled(
    service: type[VendorService], held: Collection[str], stored: Mapping[str, Any], given: Mapping[str, Any]
) -> list[Secret]:
    """Which of the secrets `held` would be sent elsewhere than they were meant for, with these options in place of the stored."""
    options = {option.name: option for option in service.options}
    return [
        secret
        for secret in service.secrets
        if secret.name in held and led_elsewhere([options[name] for name in secret.follows], stored, given)
    ]


def option_text(option: Option, values: Mapping[str, Any]) -> str:
    """A stored option, or its default, as people read it; a dash where there is none."""
    value = values.get(option.name)
    value = option.default if value in (None, "") else value
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {text}" for name, text in value.items()) or "–"
    return "–" if value in (None, "") else str(value)


def stored_option(value: Any) -> Any:
    """A cleaned option as JSON."""
    if isinstance(value, timedelta | Decimal):
        return str(value)
    return value


def secret_field(secret: Secret, token: Token | None) -> forms.Field:
    """Write-only: never rendered with a value; what is stored is told by its last four and its age."""
    stored = ""
    if token is not None:
        ending = f" …{token.last_four}," if token.last_four else ""
        stored = f" Stored:{ending} {age(token.created_at)}. Leave empty to keep it; what you paste replaces it."
    return forms.CharField(
        label=secret.label,
        required=secret.required and token is None,
        help_text=f"{secret.help}{stored}".strip(),
        strip=True,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password", "size": 60}),
        error_messages={"required": f"No {secret.label} is stored yet: paste it here."},
    )
