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


def check(page: "Page", *sizes: Any, everywhere: bool = False) -> None:
    """All rules in the first window when it is light, the contrast when it is dark, and in the other windows, which show the
    same things in other places. everywhere: all rules in each window."""
    for number, size in enumerate(sizes):
        page.set_viewport_size(size)
        page.evaluate(DRAWN)
        assert too_wide(page) <= 0, f"{page.url} at {size['width']} px scrolls sideways by {too_wide(page)} px"
        looks = [("dark", CONTRAST)] if number else [("light", RULES), ("dark", CONTRAST)]
        for theme, rules in [("light", RULES), ("dark", CONTRAST)] if everywhere else looks:
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            found = barriers(page, rules)
            assert not found, "\n".join((f"{page.url} at {size['width']} px, {theme}:", *found))
