"""JSON that stays the text it came in: stored as it is, read only when somebody compares it."""

import json
from collections.abc import Mapping
from typing import Any, Union

Json = Union["JsonText", Mapping[str, Any]]


class JsonText:
    """Equal to whatever its text reads as. `text` must be JSON that a database takes: no NUL, no lone surrogates."""

    __slots__ = ("_value", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._value: Any = self

    @property
    def value(self) -> Any:
        if self._value is self:
            self._value = json.loads(self.text)
        return self._value

    def __eq__(self, other: object) -> bool:
        return bool(self.value == (other.value if isinstance(other, JsonText) else other))

    __hash__ = None  # type: ignore[assignment]  # like the lists and mappings it stands for

    def __repr__(self) -> str:
        return f"JsonText({self.text!r})"
