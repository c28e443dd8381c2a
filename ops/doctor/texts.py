"""Every finding's severity, sentence and remedy, in one table of four parts."""

from __future__ import annotations

from ops.doctor import texts_aws, texts_entra, texts_okta, texts_touch
from ops.doctor.finding import Finding
from ops.doctor.text import Text

TEXTS: dict[str, Text] = {
    **texts_okta.TEXTS,
    **texts_touch.TEXTS,
    **texts_entra.TEXTS,
    **texts_aws.TEXTS,
}


def finding(code: str, **facts: object) -> Finding:
    text = TEXTS[code]
    return Finding(code, text.severity, text.seen.format(**facts), text.remedy.format(**facts))


def age(seconds: float) -> str:
    """`3 days`, `2 hours`, `40 minutes`, `5 seconds`: the largest unit that says something."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            return _many(int(seconds // size), unit)
    return _many(max(0, int(seconds)), "second")


def _many(count: int, unit: str) -> str:
    return f"{count} {unit}{'' if count == 1 else 's'}"
