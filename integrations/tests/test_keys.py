"""Keys: the newest encrypts, all of them open, rotation disturbs nobody, and what cannot be opened is told by name."""

import io
import threading
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse

from config.models import Authenticator
from config.sealing import VaultError
from integrations import checks, connection, rotation, vault
from integrations.models import Token, Vendor

pytestmark = pytest.mark.django_db(transaction=True)
OLD, NEW = "the-old-key", "the-new-key"


def vendors(count: int, settings: Any) -> list[Vendor]:
    settings.HUB_KEYS = [OLD]
    made = [
        Vendor.objects.create(kind="elko", name=f"V{n}", slug=f"v{n}", base_url="https://vendor.example")
        for n in range(count)
    ]
    for vendor in made:
        vault.set_secret(vendor, "token", f"secret-of-{vendor.pk}-0123456789")
    return made


def sealed_with() -> set[str]:
    return {text.split(":")[1] for text in Token.objects.exclude(ciphertext="").values_list("ciphertext", flat=True)}


def test_keys_are_rotated_while_others_read_and_replace(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads and whoever stores goes on throughout: not one secret that cannot be opened, not one lost."""
    made = vendors(40, settings)
    settings.HUB_KEYS = [NEW, OLD]
    monkeypatch.setattr(rotation, "BATCH", 3)
    stop, failures, reads, stored = threading.Event(), [], [0], {}

    def work(number: int) -> None:
        from django.db import connection as database

        turn = 0
        while not stop.is_set():
            vendor = made[(turn * 7 + number) % len(made)]
            turn += 1
            try:
                if number == 0 and turn % 5 == 0:
                    value = f"replaced-{vendor.pk}-{turn}-0123456789"
                    vault.set_secret(vendor, "token", value)
                    stored[vendor.pk] = value
                elif not vault.secrets_of(vendor)["token"]:
                    failures.append("empty")
                reads[0] += 1
            except (VaultError, KeyError, DatabaseError) as error:
                failures.append(repr(error))
        database.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    try:
        for keys in ([NEW, OLD], ["a third key", NEW, OLD], ["a fourth", "a third key", NEW, OLD]):
            settings.HUB_KEYS = keys
            rotation.rotate()
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert failures == []
    assert reads[0] > 20
    rotation.rotate()
    settings.HUB_KEYS = ["a fourth"]
    for vendor in made:
        assert vault.secrets_of(vendor)["token"] == stored.get(vendor.pk, f"secret-of-{vendor.pk}-0123456789")


def test_stopped_in_the_middle_it_goes_on_where_it_was(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    vendors(7, settings)
    settings.HUB_KEYS = [NEW, OLD]
    monkeypatch.setattr(rotation, "BATCH", 3)
    steps = rotation._rotated(rotation.PLACES[0])
    for _ in range(2):
        next(steps)
    del steps
    assert len(sealed_with()) == 2, "some are done, some are not"
    assert rotation.rotate() == 4
    assert rotation.rotate() == 0
    settings.HUB_KEYS = [NEW]
    assert rotation.unreadable() == []


def test_people_s_authenticators_are_moved_too(settings: Any) -> None:
    settings.HUB_KEYS = [OLD]
    person = get_user_model().objects.create_user("ann")
    device = Authenticator(user=person, name="phone", confirmed=True)
    device.bin_key = b"a seed of 20 bytes.."
    device.save()
    settings.HUB_KEYS = [NEW, OLD]
    assert rotation.rotate() == 1
    settings.HUB_KEYS = [NEW]
    assert Authenticator.objects.get().bin_key == b"a seed of 20 bytes.."
    settings.HUB_KEYS = ["lost"]
    assert "the authenticator of ann" in rotation.unreadable()[0]


def test_the_old_key_taken_away_too_early_is_told_by_name_and_comes_back_to_use(settings: Any) -> None:
    [vendor] = vendors(1, settings)
    settings.HUB_KEYS = [NEW]
    with pytest.raises(CommandError, match="these could not be read: “token” of V0"):
        call_command("rotate_keys")
    verdict = connection.probe(vendor)
    assert (verdict.cause, "HUB_KEYS" in verdict.message) == ("vault", True)
    settings.HUB_KEYS = [NEW, OLD]
    out = io.StringIO()
    call_command("rotate_keys", stdout=out)
    assert "1 secrets re-encrypted" in out.getvalue()


def test_start_up_checks_that_every_secret_can_be_read(settings: Any) -> None:
    made = vendors(3, settings)
    assert checks.secrets_can_be_read(None, databases=["default"]) == []
    Token.objects.filter(vendor=made[1]).update(ciphertext="v1:00000000:AAAA")
    Token.objects.filter(vendor=made[2]).update(ciphertext="v1:broken")
    [found] = checks.secrets_can_be_read(None, databases=["default"])
    for word in ("2 stored secrets", "“token” of V1", "“token” of V2", "00000000", "set it again"):
        assert word in found.msg
    assert "V0" not in found.msg
    assert checks.secrets_can_be_read(None) == [], "without --database nothing is asked of it"
    err = io.StringIO()
    with pytest.raises(SystemCheckError, match="2 stored secrets"):
        call_command("check", databases=["default"], fail_level="WARNING", stderr=err)
    told = io.StringIO()
    call_command("migrate", skip_checks=False, stdout=io.StringIO(), stderr=told)
    assert "2 stored secrets" in told.getvalue(), "each start of the containers runs it"
    settings.HUB_KEYS = []
    assert "HUB_KEYS is empty" in checks.secrets_can_be_read(None, databases=["default"])[0].msg


def test_names_of_proxies_are_checked(settings: Any) -> None:
    assert checks.proxies_are_named(None) == []
    settings.HUB_TRUSTED_PROXIES = ["10.0.0.3", "unix", "1"]
    [found] = checks.proxies_are_named(None)
    assert "“1”" in found.msg


def test_a_proxy_nobody_named_is_told(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER, settings.HUB_TRUSTED_PROXIES = None, []
    assert checks.proxies_are_known(None) == []
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    [found] = checks.proxies_are_known(None)
    assert "every caller seems to be that proxy" in found.msg
    settings.HUB_TRUSTED_PROXIES = ["10.0.0.3"]
    assert checks.proxies_are_known(None) == []


def test_alarms_that_are_only_printed_are_told(settings: Any) -> None:
    settings.EMAIL_BACKEND, settings.HUB_ALERT_EMAILS = "django.core.mail.backends.console.EmailBackend", []
    assert checks.mails_leave(None) == [], "nobody relies on them"
    settings.HUB_ALERT_EMAILS = ["ops@example.com"]
    [found] = checks.mails_leave(None)
    assert "reach nobody" in found.msg
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert checks.mails_leave(None) == []


def test_one_damaged_row_costs_the_others_nothing(settings: Any, admin_client: Client) -> None:
    good, bad = vendors(2, settings)
    vault.set_secret(good, "hook:events", "a-path-0123456789", signs_in=False)
    Token.objects.filter(vendor=good, name="hook:events").update(ciphertext="v1:broken")
    Token.objects.filter(vendor=bad).update(ciphertext="v1:broken")
    assert vault.secrets_of(good) == {"token": f"secret-of-{good.pk}-0123456789"}
    with pytest.raises(VaultError, match="“token” of V1"):
        vault.secrets_of(bad)
    for name in ("vendor", "token", "callback", "allowednetwork", "blocked"):
        assert admin_client.get(f"/admin/integrations/{name}/").status_code == 200
    for vendor in (good, bad):
        for name in ("change", "tokens"):
            page = reverse(f"admin:integrations_vendor_{name}", args=[vendor.pk])
            assert admin_client.get(page).status_code == 200


def test_without_any_key_pages_open_and_what_cannot_be_done_says_why(settings: Any, admin_client: Client) -> None:
    [vendor] = vendors(1, settings)
    settings.HUB_KEYS = []
    for url in ("/admin/", "/admin/integrations/vendor/", "/admin/integrations/token/",
                reverse("admin:integrations_vendor_tokens", args=[vendor.pk]),
                reverse("admin:integrations_vendor_change", args=[vendor.pk])):  # fmt: skip
        assert admin_client.get(url).status_code == 200, url
    page = reverse("admin:integrations_vendor_tokens", args=[vendor.pk])
    assert "HUB_KEYS is empty" in admin_client.get(page).content.decode()
    given = {"replace": "token", "token-value": "another-0123456789", "token-untested": "on"}
    answer = admin_client.post(page, given)
    text = answer.content.decode()
    assert answer.status_code in (200, 503)
    assert "HUB_KEYS" in text
    assert "another-0123456789" not in text
    assert Token.objects.filter(active=True).count() == 1


def test_a_page_that_cannot_go_on_names_the_key(settings: Any, admin_client: Client) -> None:
    """A form that stores a secret, sent while no process has a key."""
    settings.HUB_KEYS = []
    form = admin_client.get("/admin/integrations/vendor/add/?kind=elko&preset=eu").context["adminform"].form
    given = {name: form[name].value() for name in form.fields}
    given = {n: "" if v in (None, False) else "on" if v is True else v for n, v in given.items()}
    answer = admin_client.post(
        "/admin/integrations/vendor/add/?kind=elko&preset=eu",
        given | {"base_url": "https://127.0.0.1/v3.0/api", "secret_token": "planted-0123456789"},
    )
    assert answer.status_code == 503
    text = answer.content.decode()
    assert "HUB_KEYS is empty" in text
    assert "manage.py check --database default" in text
    assert "planted" not in text
    assert not Vendor.objects.exists()
