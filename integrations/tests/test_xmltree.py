"""XML as objects: what an order document may hold, and everything that must not be done for one."""

from pathlib import Path

import pytest

from integrations.xmltree import DEEPEST, LARGEST, BadDocument, tree


def test_children_attributes_texts_and_lists() -> None:
    root, inside = tree(
        '<?xml version="1.0" encoding="windows-1250"?>\n<!-- made by hand -->'
        '<s:order xmlns:s="urn:shop" id="7"><number> A-1 </number><s:total currency="CZK">12.50</s:total><empty/>'
        "<items><item><sku>X</sku></item><item><sku><![CDATA[<Y>]]></sku></item></items><one><item>1</item></one></s:order>"
    )
    assert root == "order"
    assert inside["@id"] == "7"
    assert (inside["number"], inside["empty"]) == ("A-1", "")
    assert inside["total"] == {"@currency": "CZK", "#text": "12.50"}
    assert inside["items"] == {"item": [{"sku": "X"}, {"sku": "<Y>"}]}
    assert inside["one"] == {"item": "1"}


def test_letters_of_every_alphabet_and_the_five_entities_of_xml_itself() -> None:
    assert tree("<a>Příliš &amp; &lt;žluťoučký&gt; &#x17D;</a>") == ("a", "Příliš & <žluťoučký> Ž")


BOMB = '<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;&l;&l;&l;&l;&l;&l;&l;">]><a>&m;</a>'


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (BOMB, "DTD inside"),
        ("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><a>&x;</a>", "DTD inside"),
        ("<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/x'> %p;]><a/>", "DTD inside"),
        ("<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/x.dtd'><a>&x;</a>", "&x;"),
        ("<a>&nbsp;</a>", "undefined entity"),
        ("<a><b></a>", "mismatched tag in line 1"),
        ("<a></a><b/>", "junk after document element"),
        ("", "no element found"),
        ("not xml", "syntax error"),
        ("<a>" * (DEEPEST + 1), "nested deeper"),
        ("<a>" + "x" * LARGEST + "</a>", "longer than"),
        ("<a>\x00</a>", "no XML"),
        ("<a>\ud800</a>", "no XML"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_is_not_read(document: str, said: str) -> None:
    with pytest.raises(BadDocument, match=said):
        tree(document)


def test_a_dtd_elsewhere_is_not_fetched(tmp_path: Path) -> None:
    dtd = tmp_path / "shop.dtd"
    dtd.write_text('<!ENTITY x "from outside">')
    assert tree(f"<!DOCTYPE a SYSTEM '{dtd.as_uri()}'><a>7</a>") == ("a", "7")
