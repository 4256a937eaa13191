"""XML as plain objects, from documents nobody here vouches for: no entity is expanded and nothing outside is read.

The standard library's expat with its handlers set by hand: a document that declares an entity is refused before it could
be used, a DTD elsewhere is never fetched, and size and depth have an end. No further package is needed for that.
"""

from typing import Any
from xml.parsers import expat

LARGEST = 4 << 20  # characters
DEEPEST = 60


class BadDocument(ValueError):
    """Says what is wrong with the document, and where."""


def tree(text: str) -> tuple[str, Any]:
    """The root element's name, and what is in it: a text, or an object of its children and `@attributes`.

    Children that come several times under one name are a list. Text beside children or attributes stands under `#text`.
    Prefixes of names are left out. Raises BadDocument.
    """
    if len(text) > LARGEST:
        raise BadDocument(f"The document is longer than {LARGEST >> 20} million characters")
    builder = _Builder()
    parser = expat.ParserCreate("utf-8")  # what the document says of its encoding was true before it came here
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = _doctype
    parser.EntityDeclHandler = _entity
    parser.ExternalEntityRefHandler = _outside
    parser.SkippedEntityHandler = _skipped
    try:
        parser.Parse(text.encode("utf-8", "surrogatepass"), True)
    except expat.ExpatError as wrong:
        raise BadDocument(
            f"The document is no XML: {expat.errors.messages[wrong.code]} in line {wrong.lineno}, column {wrong.offset}"
        ) from None
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self.root: tuple[str, Any] = ("", "")
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= DEEPEST:
            raise BadDocument(f"The document is nested deeper than {DEEPEST} elements")
        held = {f"@{_plain(key)}": text for key, text in attributes.items()}
        self._open.append((_plain(name), held, []))

    def text(self, data: str) -> None:
        self._open[-1][2].append(data)

    def end(self, name: str) -> None:
        own, children, pieces = self._open.pop()
        text = "".join(pieces).strip()
        value: Any = children if children else text
        if children and text:
            children["#text"] = text
        if not self._open:
            self.root = (own, value)
            return
        above = self._open[-1][1]
        if own not in above:
            above[own] = value
        elif isinstance(above[own], list):
            above[own].append(value)
        else:
            above[own] = [above[own], value]


def _plain(name: str) -> str:
    return name.rpartition(":")[2]


def _doctype(name: str, system: str | None, public: str | None, inside: int) -> None:
    if inside:
        raise BadDocument("The document has a DTD inside, which may declare entities; such a document is not read")


def _entity(*_: Any) -> None:
    raise BadDocument("The document declares an entity; such a document is not read")


def _outside(*_: Any) -> int:
    raise BadDocument("The document refers to something outside itself; such a document is not read")


def _skipped(name: str, is_parameter: int) -> None:
    raise BadDocument(f"The document uses “&{name};”, which only a DTD could explain; it is not read")
