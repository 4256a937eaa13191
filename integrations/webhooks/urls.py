"""Where vendors post to."""

from django.urls import path

from integrations.webhooks.view import Door

app_name = "hooks"
urlpatterns = [path("<str:token>/", Door.as_view(), name="post"), path("<str:token>", Door.as_view())]
