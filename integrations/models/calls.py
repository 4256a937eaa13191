"""The call log: what we asked vendors and how it went, without secrets and without query values."""

from django.db import models

from integrations.models.vendor import Vendor


class ApiCall(models.Model):
    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="calls")
    run = models.ForeignKey("integrations.SyncRun", models.SET_NULL, null=True, related_name="calls")
    command = models.ForeignKey("integrations.Command", models.SET_NULL, null=True, related_name="calls")
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=500)
    query_names = models.CharField("query parameters", max_length=300, blank=True)
    status = models.IntegerField(null=True)
    ms = models.IntegerField("duration, ms", default=0)
    waited_ms = models.IntegerField("waited for the budget, ms", default=0)
    bytes = models.BigIntegerField(default=0)
    attempt = models.IntegerField(default=1)
    error_kind = models.CharField(max_length=20, blank=True)
    error = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField("answered")

    class Meta:
        verbose_name = "API call"
        ordering = ("-at", "-id")
        indexes = [
            models.Index(fields=("-at", "-id"), name="api_call_at"),
            models.Index(fields=("vendor", "-at", "-id"), name="api_call_vendor_at"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status or self.error_kind}"
