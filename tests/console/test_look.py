"""What can be told of the look without a browser: contrast, labels, headings, a way by keyboard."""

from __future__ import annotations

import re
from itertools import pairwise, product
from pathlib import Path

import pytest

import ops.console
from lib.flows.overview import DrawOverview
from lib.flows.sweep_start import Starting
from lib.incident import Incident
from lib.rules.sweep import Found, Kind
from tests.console.browser import Browser, Markup
from tests.console.simulated import CLOUD, ORDINARY
from tests.fakes.outlets import FakeSweepQueue
from tests.fakes.stage import Stage
from tests.fakes.sweeping import ENDED, as_if_swept

CSS = (Path(ops.console.__file__).parent / "static" / "console.css").read_text()
LIGHT, DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
)
TEXTS = ("text", "dim", "link", "critical", "high", "warning", "ok", "note")
GROUNDS = ("ground", "panel")


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_is_right() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read(scheme: dict[str, str]) -> None:
    assert scheme.keys() == LIGHT.keys()
    pairs = [
        *product(TEXTS, GROUNDS),
        *product(("text", "link", "dim"), ("told", "failed")),
        *product(("on-button",), ("main", "danger")),
    ]
    ratios = {pair: contrast(scheme[pair[0]], scheme[pair[1]]) for pair in pairs}
    assert {pair: r for pair, r in ratios.items() if r < 4.5} == {}


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_fields_focus_and_bars_can_be_seen(scheme: dict[str, str]) -> None:
    """WCAG 2.2, 1.4.11: 3:1 for what is no text."""
    for name, ground in product(("field", "focus", "bar"), GROUNDS):
        assert contrast(scheme[name], scheme[ground]) >= 3, (name, ground)


def test_colours_are_named_once() -> None:
    rest = re.sub(r":root \{.*?\}", "", CSS, flags=re.DOTALL)
    assert re.findall(r"#[0-9a-f]{3,8}\b", rest) == []


def test_focus_is_never_hidden_where_one_can_go() -> None:
    assert re.findall(r"([^{}]+)\{[^}]*outline: none", CSS) == ["\nmain:focus "]
    assert ":focus-visible { outline: 3px" in CSS


def test_nothing_has_a_fixed_width() -> None:
    assert re.findall(r"(?<!max-)(?<!min-)width: \d+px", CSS) == []


@pytest.fixture
def texts(browser: Browser, stage: Stage, simple: Incident) -> dict[str, str]:
    """Every kind of page, with something on it."""
    stage.table.park("m-1", "why", "{}", stage.clock())
    (work,) = stage.table.parked()
    as_if_swept(stage.table, ENDED, Found(simple.subject, "differs", ENDED.started_at))
    running = Starting(stage.table, FakeSweepQueue(), stage.watch.app_ids, stage.clock).start(
        Kind.HAND
    )
    DrawOverview(stage.table, stage.clock).run()
    paths = (
        *("/", "/incidents", f"/incidents/{simple.id}", "/parked", f"/parked/{work.id}"),
        *("/sweep", f"/sweep/{ENDED.id}", f"/sweep/{running.id}"),
        *("/audit", "/doctor", "/replay", "/replay/sample/push-landed", "/nowhere"),
        *("/world", f"/world/{ORDINARY}", f"/world/{CLOUD}"),
    )
    found = {path: browser.get(path).text for path in paths}
    return found | {"revealed": browser.post(f"/incidents/{simple.id}/reveal").text}


def test_fields_have_labels_and_ids_are_unique(texts: dict[str, str]) -> None:
    for where, text in texts.items():
        tags = Markup(text).tags
        ids = [a["id"] for _, a in tags if "id" in a]
        assert len(ids) == len(set(ids)), where
        named = {a.get("for") for tag, a in tags if tag == "label"}
        fields = [
            a
            for tag, a in tags
            if tag in ("input", "select", "textarea") and a.get("type") != "hidden"
        ]
        assert {a["id"] for a in fields} <= named, where
        pointed = {a[n] for _, a in tags for n in ("aria-labelledby", "aria-describedby") if n in a}
        assert pointed <= set(ids), where


def test_each_page_says_what_it_is(texts: dict[str, str]) -> None:
    for where, text in texts.items():
        tags = Markup(text).tags
        kinds = [tag for tag, _ in tags]
        assert kinds.count("h1") == kinds.count("main") == 1, where
        assert "<title>" in text.partition("</head>")[0], where
        assert ("html", {"lang": "en"}) in tags
        levels = [int(kind[1]) for kind in kinds if re.fullmatch("h[1-6]", kind)]
        assert all(b - a <= 1 for a, b in pairwise(levels)), where
        first = next(a for tag, a in tags if tag == "a")
        assert first == {"class": "skip", "href": "#main"}


def test_where_one_is_shows(texts: dict[str, str]) -> None:
    for path in ("/", "/incidents", "/parked", "/sweep", "/audit", "/doctor", "/replay", "/world"):
        current = [a["href"] for _, a in Markup(texts[path]).tags if a.get("aria-current")]
        assert current == [path]


def test_everything_is_reached_by_keyboard(texts: dict[str, str]) -> None:
    for where, text in texts.items():
        for tag, attributes in Markup(text).tags:
            assert attributes.get("tabindex") in (None, "0", "-1"), where
            if tag == "pre":  # it scrolls
                assert attributes["tabindex"] == "0", where
                assert attributes["aria-label"], where
            if tag == "svg":
                assert attributes["role"] == "img"
                assert attributes["aria-label"]
