"""Whether what a vendor has registered holds what this hub calls out from: by family, by network, told in words."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations import checks
from integrations.admin.egress import agreement
from integrations.models import AllowedNetwork, Vendor

V4, V6, NET = "203.0.113.20", "2001:db8::20", "203.0.113.16/28"


@pytest.mark.parametrize(
    ("there", "ours", "held", "missing", "other"),
    [
        ([V4], [V4, V6], [V4], [], [V6]),
        ([V6], [V4, V6], [V6], [], [V4]),
        ([V4, "2001:db8:1::/48"], [V4, V6], [V4], [V6], []),
        (["2001:db8::/64", "203.0.113.0/24"], [V4, V6], [V4, V6], [], []),
        ([V6], [V4], [], [], [V4]),
        ([NET], [NET], [NET], [], []),
        (["203.0.113.0/24"], [NET], [NET], [], []),
        (["203.0.113.16-203.0.113.31"], [NET], [NET], [], []),
        (["203.0.113.24/29", "203.0.113.16/29"], [NET], [NET], [], []),
        (["203.0.113.16-203.0.113.25", "203.0.113.20-203.0.113.40"], [NET], [NET], [], []),
        (["203.0.113.16/29"], [NET], [], [NET], []),
        (["203.0.113.16-203.0.113.22", "203.0.113.24/29"], [NET], [], [NET], []),
        (["203.0.113.20"], [NET], [], [NET], []),
        (["203.0.113.0/24"], ["203.0.113.250-203.0.114.2"], [], ["203.0.113.250-203.0.114.2"], []),
        (["::ffff:203.0.113.20"], [V4], [V4], [], []),
        (["written past the form"], [V4], [], [], [V4]),
        (["::/0"], [V4], [], [], [V4]),
        (["0.0.0.0/0"], [NET, V4], [NET, V4], [], []),
    ],
)
def test_what_is_registered_is_compared_as_networks_and_by_family(
    there: list[str], ours: list[str], held: list[str], missing: list[str], other: list[str]
) -> None:
    assert agreement(there, ours) == (held, missing, other)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("there", "ours", "said", "unsaid"),
    [
        ([V4], [V4, V6], f"IPv6 not registered ({V6}): needed only if this vendor is reached over IPv6.", "missing there"),
        (["203.0.113.0/24"], [NET], ">yes<", "missing there"),
        (["203.0.113.16/29"], [NET, "203.0.113.20"], f"{NET} is missing there", ">yes<"),
        ([V6], [V4], f"{V4} is missing there", ">yes<"),
        (["192.0.2.1"], [V4, NET, V6], f"{V4}, {NET} are missing there", ">yes<"),
        (["192.0.2.1"], [V4, V6], f"IPv6 not registered ({V6})", f"{V6} is missing"),
    ],
)  # fmt: skip
def test_the_page_says_so(
    there: list[str], ours: list[str], said: str, unsaid: str, admin_client: Client, settings: Any
) -> None:
    settings.HUB_EGRESS_ADDRESSES = ours
    vendor = Vendor.objects.create(kind="elko", name="Riga", slug="riga", base_url="https://vendor.example")
    for network in there:
        AllowedNetwork.objects.create(purpose="egress", network=network, vendor=vendor)
    AllowedNetwork.objects.create(purpose="egress", network="0.0.0.0/0", vendor=vendor, expires_at=timezone.now())
    text = admin_client.get(reverse("admin:integrations_allowednetwork_egress")).content.decode()
    assert said in text
    assert unsaid not in text


@pytest.mark.django_db
def test_what_cannot_be_read_is_refused_with_the_cure_and_left_out(admin_client: Client, settings: Any) -> None:
    settings.HUB_EGRESS_ADDRESSES = [V4, "", NET, "2001:db8::/64", "203.0.113.7-203.0.113.9"]
    assert checks.own_addresses_are_addresses(None) == []
    settings.HUB_EGRESS_ADDRESSES = [V4, "hub.example.com", "unix", "203.0.113.0/33"]
    found = checks.own_addresses_are_addresses(None)
    assert [message.msg.split("“")[1].split("”")[0] for message in found] == [
        "hub.example.com",
        "unix",
        "203.0.113.0/33",
    ]
    assert all(message.is_serious() and "203.0.113.0/28" in str(message.hint) for message in found)
    page = admin_client.get(reverse("admin:integrations_allowednetwork_egress"))
    assert page.context["ours"] == [V4]
    assert "“hub.example.com”, “unix”, “203.0.113.0/33”, which is no address" in page.content.decode()
