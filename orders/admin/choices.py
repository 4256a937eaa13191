"""What vendors let one choose from: reasons and actions, as their lists have them."""

from django.contrib import admin

from config.admin import MirrorAdmin
from integrations.admin.asked import FetchAgain
from orders.models import CancelReason, ReturnAction, ReturnReason


class ChoiceAdmin(FetchAgain, MirrorAdmin):
    tables = ("concerned_table",)
    list_display = ("name", "external_id", "vendor")
    list_filter = ("vendor",)
    list_select_related = ("vendor",)
    page_related = ("vendor",)
    list_defer = ("raw",)
    search_fields = ("name", "external_id")


@admin.register(CancelReason)
class CancelReasonAdmin(ChoiceAdmin):
    flows = ("cancel_reasons",)


@admin.register(ReturnReason)
class ReturnReasonAdmin(ChoiceAdmin):
    flows = ("return_reasons",)


@admin.register(ReturnAction)
class ReturnActionAdmin(ChoiceAdmin):
    flows = ("return_actions",)
