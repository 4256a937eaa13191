"""A walk by the test client over what the admin shows of all that came of a test."""

from django.contrib import admin
from django.test import Client
from django.urls import reverse


def newest_rows(client: Client, *, history: bool = False) -> None:
    """Opens each list, and the page of its newest row; with its history where that is wanted."""
    for model in admin.site._registry:
        place = f"admin:{model._meta.app_label}_{model._meta.model_name}_"
        client.get(reverse(f"{place}changelist"))
        row = model._default_manager.order_by("-pk").first()
        if row is not None and model._meta.app_label != "auth":
            for page in ("change", "history") if history else ("change",):
                assert client.get(reverse(f"{place}{page}", args=[row.pk])).status_code == 200
