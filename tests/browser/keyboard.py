"""A person without a mouse: what the Tab key reaches, and whether one sees where one is."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator, Page

# No page has as many places to stop at.
MOST = 400
# What can be used, of what is drawn. A number on each, to tell them apart.
_NUMBER = """
() => {
  const all = document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']");
  const drawn = [...all].filter((each) => !each.disabled && each.checkVisibility(
    { contentVisibilityAuto: true, visibilityProperty: true }));
  drawn.forEach((each, number) => { each.dataset.stop = String(number); });
  return drawn.map((each) => `${each.localName} ${each.textContent.trim().slice(0, 40)}`);
}
"""
_WHERE = """
() => {
  const here = document.activeElement;
  const style = getComputedStyle(here);
  const box = here.getBoundingClientRect();
  return {
    number: here === document.body ? null : here.dataset.stop ?? "",
    name: `${here.localName} ${here.textContent.trim().slice(0, 40)}`,
    outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
    colour: style.outlineColor,
    inside: box.width > 0 && box.right > 0 && box.left < innerWidth
      && box.bottom > 0 && box.top < innerHeight,
  };
}
"""


@dataclass(frozen=True)
class Stop:
    """`outline`: how thick, in pixels. `inside`: it was brought into view."""

    number: str | None
    name: str
    outline: float
    colour: str
    inside: bool


def here(page: Page) -> Stop:
    return Stop(**page.evaluate(_WHERE))


def controls(page: Page) -> list[str]:
    """Everything on the page that can be used; numbers what `tour` then finds."""
    return list(page.evaluate(_NUMBER))


def tour(page: Page) -> list[Stop]:
    """Every place that Tab stops at, once around."""
    stops: list[Stop] = []
    for _ in range(MOST):
        page.keyboard.press("Tab")
        stop = here(page)
        if stop.number is None:
            return stops
        stops.append(stop)
    raise AssertionError("Tab does not come around")


def tab_to(page: Page, wanted: Locator) -> None:
    """Presses Tab until the wanted one is where one is."""
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if wanted.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError(f"Tab does not reach {wanted}")
