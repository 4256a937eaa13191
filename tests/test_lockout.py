"""Fault 59: guessing gets slower and slower, and nobody who works from where they always do is shut out by it."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config import lockout
from config.models import AuditEntry
from config.second import sessions
from tests.second_factor import PASSWORD, Phone

pytestmark = pytest.mark.django_db
OFFICE, ABROAD = "192.0.2.7", "198.51.100.9"


@pytest.fixture(autouse=True)
def ann() -> User:
    return User.objects.create_superuser("ann", password=PASSWORD)


@pytest.fixture
def still() -> Iterator[None]:
    """No time goes by, however slow the machine: a wait of a second is still there when it is looked at."""
    with time_machine.travel(timezone.now(), tick=False):
        yield


def sign_in(word: str = PASSWORD, address: str = OFFICE, name: str = "ann") -> Any:
    return Client().post(reverse("admin:login"), {"username": name, "password": word}, REMOTE_ADDR=address)


def is_in(answer: Any) -> bool:
    return answer.status_code == 302


def test_each_wrong_password_waits_longer_and_even_the_right_one_waits() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        waits = []
        for _ in range(20):
            clock.shift(lockout.wait("ann", OFFICE) + timedelta(milliseconds=1))
            assert not is_in(sign_in("wrong"))
            waits.append(lockout.wait("ann", OFFICE).total_seconds())
        assert [max(0, round(wait)) for wait in waits[:8]] == [0, 0, 1, 2, 4, 8, 16, 32]
        assert max(waits) == lockout.LONGEST.total_seconds(), "never longer than a quarter of an hour"
        answer = sign_in()
        assert "Wait 900 seconds" in answer.content.decode()
        assert AuditEntry.objects.filter(what="sign-in refused", said__startswith="not looked at").exists()
        clock.shift(lockout.LONGEST + timedelta(seconds=1))
        assert is_in(sign_in()), "the right one, after the wait"
        assert lockout.wait("ann", OFFICE) <= timedelta(0)


def test_while_it_waits_nothing_counts() -> None:
    with time_machine.travel(timezone.now(), tick=False):
        for _ in range(9):
            sign_in("wrong")
        assert AccessAttempt.objects.get().failures_since_start == 3


def test_whoever_goes_on_trying_does_not_fill_the_audit_log() -> None:
    """Its rows stay for ever, and nobody has to be signed in to make these."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for number in range(40):
            sign_in("wrong", name=f"made up {number}")
        looked_at = AuditEntry.objects.filter(what="sign-in refused", said__startswith="wrong").count()
        assert looked_at == lockout.FREE[("ip_address",)]
        refused = AuditEntry.objects.filter(what="sign-in refused", said__startswith="not looked at")
        assert refused.count() == 1, "that somebody goes on is told once a minute"
        sign_in("wrong", address=ABROAD)
        for _ in range(lockout.FREE[lockout.PAIR] + 2):
            sign_in("wrong", address=ABROAD)
        assert refused.filter(who="ann", address=ABROAD).count() == 1
        assert lockout.wait("ann", OFFICE) > timedelta(seconds=0)
        clock.shift(timedelta(minutes=1, seconds=1))
        before = refused.count()
        for _ in range(30):
            sign_in("wrong", address=ABROAD)
        assert refused.count() == before + 1, "and again a minute later"


@pytest.mark.usefixtures("still")
def test_guessing_from_many_addresses_is_slowed_for_the_account_and_shuts_nobody_out() -> None:
    assert is_in(sign_in(address=OFFICE)), "the office is known from now on"
    for number in range(20):
        sign_in("wrong", address=f"203.0.113.{number}")
    assert lockout.wait("ann", "203.0.113.200").total_seconds() > 0, "an address never seen before waits too"
    assert not is_in(sign_in(address=ABROAD))
    assert is_in(sign_in(address=OFFICE)), "ann, from where she always works"


@pytest.mark.usefixtures("still")
def test_one_address_that_tries_many_names_is_slowed_and_its_known_people_are_not() -> None:
    assert is_in(sign_in(address=OFFICE))
    for number in range(21):
        sign_in("wrong", name=f"name{number}")
    assert lockout.wait("somebody", OFFICE).total_seconds() > 0
    assert is_in(sign_in(address=OFFICE))


@pytest.mark.usefixtures("still")
def test_a_known_address_is_no_way_to_guess() -> None:
    assert is_in(sign_in())
    for _ in range(4):
        sign_in("wrong")
    assert not is_in(sign_in())


def test_nothing_of_the_form_or_its_address_is_kept_of_a_wrong_password(ann: User) -> None:
    """What stands beside the password may be another one, or a token that was pasted into the wrong field."""
    client = Client()
    client.force_login(ann)
    client.post(
        f"{reverse('admin:login')}?token=in-the-address", {"username": "ann", "password": "wrong", "x": "typed-here"}
    )
    client.post(
        reverse("admin:password_change"),
        {"old_password": "typed-here", "new_password1": "typed-here-1", "new_password2": "typed-here-2"},
    )
    kept = repr(list(AccessAttempt.objects.values()))
    assert AccessAttempt.objects.get().failures_since_start == 2
    assert "typed-here" not in kept
    assert "in-the-address" not in kept


def test_the_old_password_is_guessed_no_faster_in_somebodys_session(ann: User) -> None:
    client, url = Client(), reverse("admin:password_change")
    client.force_login(ann)
    new = "quite another long pass phrase"

    def change(old: str) -> Any:
        return client.post(url, {"old_password": old, "new_password1": new, "new_password2": new}, REMOTE_ADDR=OFFICE)

    for _ in range(lockout.FREE[lockout.PAIR]):
        assert "old password was entered incorrectly" in change("wrong").content.decode()
    assert "Too many wrong passwords. Wait 1 second" in change(PASSWORD).content.decode(), "the right one waits too"
    ann.refresh_from_db()
    assert ann.check_password(PASSWORD)
    assert AuditEntry.objects.filter(what="sign-in refused", who="ann").count() == 4
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        assert change(PASSWORD).status_code == 302
    ann.refresh_from_db()
    assert ann.check_password(new)
    assert AuditEntry.objects.filter(what="changed a password", who="ann", address=OFFICE).count() == 1
    assert client.get(reverse("admin:index")).status_code == 200, "whoever changed it stays signed in"


def test_names_that_exist_and_names_that_do_not_are_told_the_same() -> None:
    told: list[str] = []
    for name in ("ann", "nobody"):
        for _ in range(4):
            answer = sign_in("wrong", name=name, address=f"203.0.113.{len(told)}")
        told.append(answer.content.decode().partition('class="errornote"')[2].partition("</p>")[0])
    assert told[0] == told[1] != ""
    assert "Wait" in told[0]


def test_spelling_a_name_otherwise_is_no_way_round() -> None:
    for name in ("ann", "ANN", "Ann", "ａｎｎ"):
        sign_in("wrong", name=name)
    assert AccessAttempt.objects.get().failures_since_start >= 3
    assert lockout.wait("aNN", OFFICE).total_seconds() > 0


def test_a_browser_that_calls_itself_otherwise_is_no_way_round() -> None:
    for number in range(5):
        Client(HTTP_USER_AGENT=f"\0 {number}").post(
            reverse("admin:login"), {"username": "ann", "password": "wrong"}, REMOTE_ADDR=OFFICE
        )
    assert AccessAttempt.objects.get().failures_since_start >= 3
    assert lockout.wait("ann", OFFICE).total_seconds() > 0


def test_another_who_fails_ends_nobodys_wait() -> None:
    """What axes' own handler does once the waits differ: a short one clears what a long one was counted from."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(12):
            clock.shift(lockout.wait("ann", OFFICE) + timedelta(milliseconds=1))
            sign_in("wrong")
        before = lockout.wait("ann", OFFICE)
        sign_in("wrong", name="somebody else", address=ABROAD)
        assert lockout.wait("ann", OFFICE) == before > timedelta(minutes=1)


def test_an_address_that_cannot_be_told_is_counted_as_one(settings: Any) -> None:
    settings.HUB_TRUSTED_PROXIES = ["unix"]
    for header in ("", "garbage", "1.2.3"):
        Client().post(
            reverse("admin:login"), {"username": "ann", "password": "x"}, REMOTE_ADDR="", HTTP_X_FORWARDED_FOR=header
        )
    assert AccessAttempt.objects.get().failures_since_start == 3
    assert lockout.wait("ann", lockout.NOWHERE).total_seconds() > 0


def test_what_says_nothing_any_more_goes() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for number in range(5):
            sign_in("wrong", name=f"made up {number}")
        assert AccessAttempt.objects.count() == 5
        clock.shift(timedelta(days=2))
        assert is_in(sign_in())
        assert AccessAttempt.objects.count() == 0
        assert AccessLog.objects.count() == 1
        clock.shift(timedelta(days=91))
        assert is_in(sign_in(address=ABROAD))
        assert AccessLog.objects.get().ip_address == ABROAD


def test_no_name_and_no_password_that_was_tried_is_stored() -> None:
    sign_in("my-password-2", name="my-password-by-mistake")
    assert "my-password" not in str(list(AccessAttempt.objects.values()))


def test_behind_a_proxy_of_ours_it_counts_who_really_called(settings: Any) -> None:
    settings.HUB_TRUSTED_PROXIES = ["10.0.0.1"]
    for number in range(4):
        Client().post(
            reverse("admin:login"),
            {"username": "ann", "password": "wrong"},
            REMOTE_ADDR="10.0.0.1",
            HTTP_X_FORWARDED_FOR=f"203.0.113.{number}, {ABROAD}",
        )
    assert lockout.wait("ann", ABROAD).total_seconds() > 0
    assert lockout.wait("ann", "10.0.0.1") == lockout.wait("ann", "203.0.113.0") == timedelta(0)
    assert AuditEntry.objects.filter(address=ABROAD).count() == 4


# Sessions.


def test_where_one_is_signed_in_is_listed_and_ended(ann: User) -> None:
    here, there = Client(REMOTE_ADDR=OFFICE), Client(REMOTE_ADDR=ABROAD, HTTP_USER_AGENT="Somebody's <b>browser</b>")
    for client in (here, there):
        client.post(reverse("admin:login"), {"username": "ann", "password": PASSWORD})
    stranger = Client()
    stranger.force_login(User.objects.create_superuser("bob"))
    text = here.get(reverse("admin:sessions")).content.decode()
    assert OFFICE in text
    assert ABROAD in text
    assert text.count("this one") == 1
    assert "<b>browser" not in text
    assert here.get(reverse("admin:sessions")).context["rows"][0]["own"]
    here.post(reverse("admin:sessions"))
    assert here.get("/admin/").status_code == 200
    assert there.get("/admin/").status_code == 302
    assert stranger.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1 Version/18.5 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_a_browser_is_told_in_words(agent: str, told: str) -> None:
    assert sessions.browser_of(agent) == told


def test_ending_sessions_asks_for_a_fresh_factor(ann: User, settings: Any) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        client.force_login(ann)
    assert here.post(reverse("admin:sessions")).status_code == 403
    assert there.get("/admin/").status_code == 200, "nothing was ended"


def test_a_session_ends_half_a_day_after_the_sign_in_whatever_is_done_in_it(ann: User, settings: Any) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = Client()
        client.post(reverse("admin:login"), {"username": "ann", "password": PASSWORD})
        for _ in range(11):
            clock.shift(timedelta(hours=1))
            assert client.get("/admin/").status_code == 200
        clock.shift(timedelta(hours=1, minutes=1))
        assert client.get("/admin/").status_code == 302
        assert not Session.objects.exists(), "it is gone, not only refused"
    assert AuditEntry.objects.filter(what="session ended", who="ann").exists()


def test_a_session_ends_when_it_is_not_used(ann: User, settings: Any) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = Client()
        client.post(reverse("admin:login"), {"username": "ann", "password": PASSWORD})
        clock.shift(timedelta(minutes=settings.HUB_IDLE_MINUTES - 1))
        assert client.get("/admin/").status_code == 200
        clock.shift(timedelta(minutes=settings.HUB_IDLE_MINUTES - 6))
        assert client.get("/admin/").status_code == 200
        clock.shift(timedelta(minutes=settings.HUB_IDLE_MINUTES + 1))
        assert client.get("/admin/").status_code == 302


def test_whoever_is_switched_off_is_out_at_once(ann: User) -> None:
    client = Client()
    client.force_login(ann)
    assert client.get("/admin/").status_code == 200
    User.objects.update(is_active=False)
    assert client.get("/admin/").status_code == 302


def test_an_admin_signs_somebody_out_everywhere(ann: User, admin_client: Client) -> None:
    client = Client()
    client.force_login(ann)
    chosen = {"action": "sign_out_everywhere", "_selected_action": [ann.pk], "index": 0}
    admin_client.post(reverse("admin:auth_user_changelist"), chosen)
    assert client.get("/admin/").status_code == 302
    assert AuditEntry.objects.filter(thing="ann", said__contains="Signed out everywhere: 1").exists()


@pytest.mark.parametrize("by", ["admin", "command"])
def test_whoever_has_the_lost_phone_is_signed_out_with_its_factor(ann: User, admin_client: Client, by: str) -> None:
    Phone(ann)
    thief = Client()
    thief.force_login(ann)
    session = thief.session
    session["hub_factor"] = ann.totpdevice_set.get().pk  # type: ignore[attr-defined]
    session.save()
    assert thief.get("/admin/").status_code == 200
    if by == "command":
        out = io.StringIO()
        call_command("second_factor", "ann", "--remove", stdout=out)
        assert "1 sessions were ended" in out.getvalue()
    else:
        chosen = {"action": "remove_second_factor", "_selected_action": [ann.pk], "index": 0}
        told = admin_client.post(reverse("admin:auth_user_changelist"), chosen, follow=True).content.decode()
        assert "nn is signed out everywhere" in told
    assert not ann.totpdevice_set.exists()  # type: ignore[attr-defined]
    assert "/login/" in thief.get("/admin/")["Location"]
    assert is_in(sign_in()), "the password alone leads in again"


def test_signing_out_everywhere_ends_half_a_sign_in_too(ann: User, admin_client: Client) -> None:
    phone, half = Phone(ann), Client()
    answer = half.post(reverse("admin:login"), {"username": "ann", "password": PASSWORD})
    assert reverse("admin:second_factor") in answer["Location"]
    chosen = {"action": "sign_out_everywhere", "_selected_action": [ann.pk], "index": 0}
    admin_client.post(reverse("admin:auth_user_changelist"), chosen)
    phone.rested()
    refused = half.post(reverse("admin:second_factor"), {"code": phone.code()})
    assert "/login/" in refused["Location"], "the password is asked for once more"
    assert "/login/" in half.get("/admin/")["Location"]


def test_a_new_password_ends_all_other_sessions(ann: User) -> None:
    client = Client()
    client.force_login(ann)
    ann.set_password("another long pass phrase")
    ann.save()
    assert client.get("/admin/").status_code == 302
