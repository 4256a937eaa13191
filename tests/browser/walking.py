"""A walk by Tab through a page: what it never comes by, where nothing shows that it is there, and what covers it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browser.looking import DRAWN

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

SCRIPT = Path(__file__).with_name("walk.js")
PARTS = 6  # more than a date and its time have inside


def listening(context: "BrowserContext") -> None:
    """Pages opened from now on remember what listens to clicks."""
    context.add_init_script(path=SCRIPT)


def shape(page: "Page") -> str:
    """What kinds of things the page has to use: pages of one shape are walked once."""
    return str(page.evaluate("hubWalk.shape()"))


def press(page: "Page", key: str, times: int) -> None:
    """Keys held down: one message each, not two."""
    *held, last = key.split("+")
    for one in held:
        page.keyboard.down(one)
    for _ in range(times):
        page.keyboard.down(last)
    for one in (last, *held):
        page.keyboard.up(one)


def walk(page: "Page", *, whole: bool = False) -> list[str]:
    """What is wrong for whoever has the keyboard alone. whole: with the header and the menu, which are otherwise skipped
    by the page's first link. All folds are opened first; the menus of filters stay shut."""
    page.evaluate(DRAWN)
    count = int(page.evaluate("whole => hubWalk.begin(whole)", whole))
    page.evaluate(DRAWN)  # frames that scroll no longer have left the way by now
    if page.evaluate("hubWalk.top()") and not whole:
        press(page, "Tab", 1)
        page.keyboard.press("Enter")
    press(page, "Tab", count + PARTS)
    found: dict[str, Any] = page.evaluate("hubWalk.end()")
    faults = [f"Tab never came by {it}" for it in found["left"]] + found["faults"]
    if found["stops"] < min(2, count):
        faults.append(f"only {found['stops']} stops on a page with {count} things to use")
    return faults + backwards(page)


def backwards(page: "Page") -> list[str]:
    """From the page's last stop, some stops back."""
    ways = int(page.evaluate("hubWalk.back()"))
    if ways < 1:
        return []
    press(page, "Shift+Tab", min(ways, 12))
    faults = [it if "Shift" in it else f"going back, {it}" for it in page.evaluate("hubWalk.came()")]
    came = page.evaluate("hubWalk.stops.length")
    press(page, "Shift+Tab", PARTS)
    if page.evaluate("hubWalk.stops.length") == came:
        held = page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
        faults.append(f"Shift+Tab does not leave {held}")
    return faults
