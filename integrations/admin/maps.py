"""The form field of a map: a row for each name it declares, or lines of `word = meaning` where any name goes."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integrations.connecting import BadOption, map_of
from integrations.service import Option


class MapRows(forms.Widget):
    """A table with a text field for each declared name."""

    def __init__(self, option: Option) -> None:
        super().__init__()
        self.option = option

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        held = value if isinstance(value, Mapping) else {}
        field = (attrs or {}).get("id") or f"id_{name}"
        rows = format_html_join(
            "",
            '<tr><th scope="row"><label for="{0}_{1}">{2}</label></th><td><input type="text" name="{3}.{1}" id="{0}_{1}" '
            'value="{4}" autocapitalize="off" spellcheck="false"></td></tr>',
            ((field, key, label, name, held.get(key, "")) for key, label in self.option.keys),
        )
        return format_html('<table class="hub-map"><tbody>{}</tbody></table>', rows)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return {key: str(data[f"{name}.{key}"]) for key, _ in self.option.keys if data.get(f"{name}.{key}", "").strip()}

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return not any(f"{name}.{key}" in data for key, _ in self.option.keys)

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_{self.option.keys[0][0]}"


class MapLines(forms.Textarea):
    """Lines of `word = meaning`."""

    def format_value(self, value: Any) -> str:
        return (
            "\n".join(f"{name} = {text}" for name, text in value.items()) if isinstance(value, Mapping) else value or ""
        )


class MapField(forms.Field):
    def __init__(self, option: Option, **common: Any) -> None:
        widget = MapRows(option) if option.keys else MapLines(attrs={"rows": 6, "cols": 40, "spellcheck": "false"})
        super().__init__(widget=widget, **common)
        self.option = option

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            value = self._lines(str(value or ""))
        try:
            return map_of(self.option, dict(value))
        except BadOption as wrong:
            raise forms.ValidationError(str(wrong), code="invalid") from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool((initial or {}) != self.to_python(data))
        except forms.ValidationError:
            return True

    def _lines(self, text: str) -> dict[str, str]:
        found = {}
        for line in filter(str.strip, text.splitlines()):
            name, sign, meaning = line.rpartition("=")
            if not sign or not name.strip():
                raise forms.ValidationError(f"“{line.strip()[:60]}” is no line of the form: word = meaning.")
            found[name.strip()] = meaning.strip()
        return found
