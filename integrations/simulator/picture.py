"""Product pictures drawn on the spot: `/ProductImages/<glyph>.<hue>.<brand>.<code>.svg` says all there is to draw."""

import re
from html import escape
from pathlib import Path

from integrations.simulator.wire import Response

SIZE = 400
# Each glyph is drawn in a 200 x 200 field. Classes: b body (dark), s screen or accent (tinted), l light, o outline.
GLYPHS = dict(re.findall(r'<g id="([a-z]+)">(.*)</g>', Path(__file__).with_name("glyphs.svg").read_text()))


def picture_name(glyph: str, hue: int, brand: str, code: object) -> str:
    """The last part of a picture's address."""
    plain = "".join(letter if letter.isalnum() else "-" for letter in brand)
    return f"{glyph}.{hue % 360}.{plain}.{code}.svg"


def picture(name: str) -> Response:
    """The picture of that name as an SVG; a name that says nothing gives a plain box."""
    glyph, hue, brand, code, *_ = [*name.removesuffix(".svg").split("."), "", "", "", ""]
    tone = int(hue) % 360 if hue.isascii() and hue.isdigit() else 210
    dark, mild = f"hsl({tone} 25% 26%)", f"hsl({tone} 25% 30%)"
    style = f".b{{fill:{dark}}}.s{{fill:hsl({tone} 70% 62%)}}.l{{fill:hsl({tone} 15% 70%)}}"
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" height="{SIZE}">'
        f"<style>{style}.o{{fill:none;stroke:{dark};stroke-width:12}}text{{font:600 20px sans-serif;"
        f"fill:{mild};text-anchor:middle}}.c{{font-weight:400;font-size:15px}}</style>"
        f'<rect width="{SIZE}" height="{SIZE}" fill="hsl({tone} 35% 95%)"/>'
        f'<g transform="translate(100 70)">{GLYPHS.get(glyph, GLYPHS["box"])}</g>'
        f'<text x="200" y="325">{escape(brand)}</text><text class="c" x="200" y="352">{escape(code)}</text></svg>'
    )
    return Response(200, svg.encode(), "image/svg+xml", {"Cache-Control": "max-age=86400"})
