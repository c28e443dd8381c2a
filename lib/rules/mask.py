"""Values as they may be shown on a screen by default: recognisable, not readable."""

from __future__ import annotations

from lib.model import Value


def mask(value: Value) -> str:
    """+15550100 -> +1…00; a@b.example -> a…@b…; booleans and emptiness are not secrets."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or value in ("", ()):
        return "(none)"
    if isinstance(value, tuple):
        return f"{len(value)}: " + ", ".join(_mask_text(mail) for mail in value)
    return _mask_text(value)


def _mask_text(text: str) -> str:
    text = printable(text)
    if "@" in text:
        local, _, domain = text.partition("@")
        return f"{local[:1]}…@{domain[:1]}…"
    return f"{text[:2]}…{text[-2:]}" if len(text) > 6 else "…"


def show(value: Value) -> str:
    """The value itself, for those who asked to see it."""
    if isinstance(value, tuple):
        return ", ".join(map(printable, value)) or "(none)"
    return mask(value) if value is None or isinstance(value, bool) else printable(value) or "(none)"


def printable(text: str) -> str:
    """What could move a terminal's cursor or turn the direction of writing, as its escape: whoever
    owns a profile must not decide what an approver sees.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
