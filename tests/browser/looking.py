"""What every page must hold to: no barrier that axe can find, and never wider than its window."""

from typing import TYPE_CHECKING, Any

from axe_playwright_python.base import AXE_SCRIPT

if TYPE_CHECKING:
    from playwright.sync_api import Page

RULES: dict[str, Any] = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
CONTRAST: dict[str, Any] = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
# Rows of a list are alike: the first dozen stand for all. Each violation becomes a line: rule, what it asks for, where.
LOOK = """async rules => {
  const rest = [...document.querySelectorAll("#result_list tbody tr:nth-child(n+13), .hub-table tbody tr:nth-child(n+13)")];
  const found = await axe.run({include: [document], exclude: rest.length ? rest : undefined}, {resultTypes: ["violations"], ...rules});
  return found.violations.map(it => `${it.id}: ${it.help}: ${it.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(" | ")}`);
}"""


# Scripts that answer to a new size have run when it was drawn.
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def barriers(page: "Page", rules: dict[str, Any] = RULES) -> list[str]:
    """Axe's violations as lines."""
    if not page.evaluate("window.axe !== undefined"):
        page.evaluate(AXE_SCRIPT)
    return list(page.evaluate(LOOK, rules))


def too_wide(page: "Page") -> int:
    """Pixels by which the page scrolls sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def check(page: "Page", *sizes: Any) -> None:
    """All rules once a window, light in the first and dark in the next, and the contrast of a window's other theme."""
    for number, size in enumerate(sizes):
        page.set_viewport_size(size)
        page.evaluate(DRAWN)
        assert too_wide(page) <= 0, f"{page.url} at {size['width']} px scrolls sideways by {too_wide(page)} px"
        themes = ("light", "dark") if number % 2 == 0 else ("dark", "light")
        for theme, rules in zip(themes, (RULES, CONTRAST), strict=True):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            found = barriers(page, rules)
            assert not found, "\n".join((f"{page.url} at {size['width']} px, {theme}:", *found))
