"""The form that connects a vendor, generated from what its kind declares."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.text import slugify

from integrations import errors, network, vault
from integrations.admin.fields import OPTION, SECRET, field_of, misled, secret_field, shown_option, stored_option
from integrations.connecting import BadOption, address_of, change_options
from integrations.connection import account_of
from integrations.models import Vendor
from integrations.replacing import REFUSALS
from integrations.service import VendorService, Verdict

UNTESTED = "untested"
UNTESTED_LABEL = "Store it even if the vendor cannot be asked now"
AGAIN = "Paste it again: secrets are not kept while the form is corrected."


class VendorForm(forms.ModelForm):
    service: type[VendorService]
    hides: Mapping[str, bool]  # its kind's secrets and nothing else, whatever their names
    dropped: list[str]  # stored secrets that the new address must not see
    altered: Collection[str] = ()  # options that mean something else now
    verdict: Verdict | None = None  # of a test with the secrets that were typed, made before this form is stored
    trying = False  # whether this form is only looked at before that test
    unresolved = ""  # why the address could not be looked up just now; no reason to refuse it

    class Meta:
        model = Vendor
        fields = ("name", "slug", "environment", "base_url", "enabled", "writes", "time_zone", "currency")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dropped = []

    def clean_slug(self) -> str:
        slug = self.cleaned_data.get("slug") or slugify(self.cleaned_data.get("name", ""))[:60]
        if not slug:
            raise forms.ValidationError("Give a short name of letters and digits: the name has none to make it from.")
        if Vendor.objects.filter(slug=slug).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(f"“{slug}” is taken by another connection: choose another short name.")
        return slug

    def clean_base_url(self) -> str:
        """An address we may call by the rules of `network`; one that does not resolve now may do so later."""
        url = str(self.cleaned_data["base_url"]).strip()
        if "base_url" not in self.changed_data:
            return url
        try:
            url = address_of(self.service, url)
        except BadOption as wrong:
            raise forms.ValidationError(str(wrong)) from None
        try:
            parts = network.check_url(url)
            host, port = parts.hostname or "", parts.port or 443
            network.resolve_checked(host, port, settings.VENDOR_PRIVATE_HOSTS)
        except errors.Wait as later:
            self.unresolved = f"{later} {later.cure}"
        except errors.VendorError as wrong:
            raise forms.ValidationError(f"{wrong} {wrong.cure}") from None
        return url

    def clean_time_zone(self) -> str:
        name = str(self.cleaned_data["time_zone"])
        if name not in available_timezones():
            raise forms.ValidationError(f"There is no time zone “{name}”. Write it as Europe/Riga or Asia/Baghdad.")
        return name

    def clean_currency(self) -> str:
        code = str(self.cleaned_data["currency"]).upper()
        if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
            raise forms.ValidationError("A currency has three letters, such as EUR; leave it empty if there is none.")
        return code

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        given = {s.name: cleaned.get(SECRET + s.name) for s in self.service.secrets}
        self._refuse_to_send_on(given)
        self._refuse_to_lead_on(given)
        if not self.errors and self.service.secrets:
            self._try_secrets({name: value for name, value in given.items() if value})
        if not self.errors and not self.trying:
            self._heed_the_vendor()
        if self.errors:
            for name, value in given.items():
                if value and not self.has_error(SECRET + name):
                    self.add_error(SECRET + name, AGAIN)
        return cleaned

    def _refuse_to_send_on(self, given: dict[str, Any]) -> None:
        """A stored secret goes only where it was meant for: another address asks for it again."""
        if self.instance.pk is None or "base_url" not in self.changed_data or "base_url" not in self.cleaned_data:
            return
        if origin(self.initial.get("base_url", "")) == origin(self.cleaned_data["base_url"]):
            return
        for secret in self.service.secrets:
            if secret.name in self.stored and not given[secret.name]:
                if secret.name == self.service.fetches and any(given.values()):
                    self.dropped.append(secret.name)  # another is fetched there with what was pasted
                    continue
                self.add_error(
                    SECRET + secret.name,
                    "The address leads to another host. Paste this again, so that it is not sent where it was not meant for.",
                )

    def _refuse_to_lead_on(self, given: dict[str, Any]) -> None:
        """The same of a secret that goes where an option says."""
        if self.instance.pk is None:
            return
        options = {o.name: stored_option(self.cleaned_data.get(OPTION + o.name)) for o in self.service.options}
        for secret in misled(self.service, self.stored, self.instance.options, options):
            if not given[secret.name] and not self.has_error(SECRET + secret.name):
                self.add_error(
                    SECRET + secret.name,
                    "This would be sent elsewhere than so far. Paste it again, so that it is not sent where it was not meant for.",
                )

    def _heed_the_vendor(self) -> None:
        """What the vendor refuses is not stored; what it could not be asked about is, when the person says so."""
        if self.verdict is None or self.verdict.ok:
            return
        told = f"Nothing was stored. {self.verdict.message} {self.verdict.cure}".strip()
        if self.verdict.cause in REFUSALS:
            self.add_error(None, told)
        elif not self.cleaned_data.get(UNTESTED):
            self.add_error(None, f"{told} To store it all the same, tick “{UNTESTED_LABEL}”.")

    def _try_secrets(self, given: dict[str, str]) -> None:
        """Whether the vendor's own rules accept the secrets; nothing is sent."""
        try:
            kept = vault.secrets_of(self.instance, besides=given) if self.instance.pk else {}
            if self.service.fetches and self.service.fetches not in kept | given and kept | given:
                return  # the hub fetches what is missing, with what is there
            self.service.auth(account_of(self.instance), kept | given)
        except (ValueError, vault.VaultError) as wrong:
            self.add_error(SECRET + next(iter(given), self.service.secrets[0].name), str(wrong))

    def save(self, commit: bool = True) -> Any:
        given = {option.name: stored_option(self.cleaned_data[OPTION + option.name]) for option in self.service.options}
        self.instance.kind = self.service.kind
        self.altered = change_options(self.instance, given)
        return super().save(commit)

    @property
    def stored(self) -> set[str]:
        return {token.name for token in getattr(self.instance, "kept_tokens", ()) if token.active}


def origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        return "", url, None


def form_for(service: type[VendorService], vendor: Vendor | None) -> type[VendorForm]:
    """The form of one kind, and of one connection of it when it is stored already."""
    tokens = {token.name: token for token in getattr(vendor, "kept_tokens", ()) if token.active}
    values = vendor.options if vendor else {}
    confirmed = vendor.confirmed if vendor else []
    fields: dict[str, Any] = {
        "slug": forms.SlugField(
            label="short name",
            required=False,
            max_length=60,
            help_text="Names this connection on the command line; made from the name when empty.",
        ),
        "base_url": forms.CharField(
            label="address",
            max_length=500,
            widget=forms.TextInput(attrs={"size": 60, "inputmode": "url", "spellcheck": "false"}),
            help_text="https only. Private addresses are refused unless they stand in VENDOR_PRIVATE_HOSTS.",
        ),
    }
    for option in service.options:
        field = field_of(option, option.name in confirmed)
        field.initial = shown_option(option, values.get(option.name))
        fields[OPTION + option.name] = field
    for secret in service.secrets:
        fields[SECRET + secret.name] = secret_field(secret, tokens.get(secret.name))
    if service.secrets:
        fields[UNTESTED] = forms.BooleanField(
            label=UNTESTED_LABEL,
            required=False,
            help_text="For when the vendor is down. What the vendor refuses is never stored.",
        )
    hides = {OPTION + option.name: False for option in service.options}
    hides |= {SECRET + secret.name: True for secret in service.secrets}
    return type("VendorForm", (VendorForm,), {**fields, "service": service, "hides": hides})
