"""Two people edit one row: whoever saves second is told, instead of undoing the first one's work unseen."""

import hashlib
import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

FIELD = "hub_seen"


def mark(form: Any) -> str:
    """Of the values a form begins with: what people own, and nothing that a sync writes."""
    values = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    text = json.dumps(values, sort_keys=True, cls=DjangoJSONEncoder, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def guarded(form_class: Any) -> Any:
    """The same form, which refuses what was opened before somebody else saved."""

    class Guarded(form_class):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.hub_seen = mark(self) if getattr(self.instance, "pk", None) else ""

        def clean(self) -> Any:
            cleaned = super().clean()
            opened = self.data.get(FIELD)
            if opened and self.hub_seen and opened != self.hub_seen:
                self.add_error(
                    None,
                    "Somebody else saved this while you had it open. Nothing of yours is stored yet: open it in a new tab to "
                    "see what it is now, then save again if yours is right.",
                )
            return cleaned

    Guarded.__name__ = form_class.__name__
    return Guarded
