"""What vendors' words mean to us."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from config.admin import HubAdmin, age, link, table
from orders import words
from orders.admin.shown import status_cell
from orders.models import Order, Package, Return, StatusWord


class StatusWordForm(forms.ModelForm):
    """The words an order, a package or a return may mean; `meaning` itself knows them all."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "meaning" in self.fields:
            ours = self.instance.choices.choices
            self.fields["meaning"] = forms.ChoiceField(choices=ours, initial=self.instance.meaning)


@admin.register(StatusWord)
class StatusWordAdmin(HubAdmin):
    """What a vendor's word means to us: the one mapping operators edit."""

    form = StatusWordForm
    list_display = ("word", "label", "subject", "vendor", "meaning", "set_by_operator", "seen")
    list_filter = ("vendor", "subject", "meaning")
    list_select_related = ("vendor",)
    search_fields = ("word", "label")
    fields = ("vendor", "subject", "word", "label", "meaning", "rows_shown")
    readonly_fields = ("vendor", "subject", "word", "label", "rows_shown")
    ordering = ("vendor", "subject", "word")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: StatusWord, form: Any, change: bool) -> None:
        """Every stored row with this word gets the meaning in the same transaction, and says how many did."""
        obj.set_by_operator = True
        super().save_model(request, obj, form, change)
        changed = words.remap(obj)
        rows = "row" if changed == 1 else "rows"
        self.message_user(
            request, f"{changed:,} stored {rows} with “{obj.word}” changed to “{obj.get_meaning_display()}”."
        )

    @admin.display(description="first seen", ordering="seen_at")
    def seen(self, row: StatusWord) -> Any:
        return age(row.seen_at)

    @admin.display(description="rows with it, newest")
    def rows_shown(self, row: StatusWord) -> Any:
        models: dict[str, Any] = {StatusWord.Subject.PACKAGE: Package, StatusWord.Subject.RETURN: Return}
        model = models.get(row.subject, Order)
        rows = model._default_manager.filter(vendor=row.vendor_id, vendor_status=row.word).defer("raw", "search")
        return table(("Row", "Status"), [(link(item), status_cell(item)) for item in rows.order_by("-pk")[:20]])
