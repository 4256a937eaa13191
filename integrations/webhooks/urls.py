"""Where vendors post to."""

from django.urls import path

from integrations.webhooks.view import Door

app_name = "hooks"
urlpatterns = [
    path("<str:token>/", Door.as_view(), name="post"),
    path("<str:token>", Door.as_view()),
    path(
        "<path:rest>", Door.as_view()
    ),  # a known path with more behind it must not be logged as one that was not found
]
