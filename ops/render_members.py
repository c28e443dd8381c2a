"""Whom the incident of a shared cause lists, on a screen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from lib.store.records import Member

# A screen's worth; JSON and --members have them all.
FEW = 20


def members_view(members: Sequence[Member], count: int) -> Table:
    """Ids only; each has an incident of its own with its values."""
    left = count - len(members)
    caption = f"and {left} more: --members lists them all" if left > 0 else None
    grid = Table(
        title=f"It lists {count}",
        title_justify="left",
        title_style="bold",
        caption=caption,
        caption_justify="left",
        box=None,
        pad_edge=False,
        header_style="dim",
    )
    for name in ("Okta user", "app", "attribute", "incident"):
        grid.add_column(name, no_wrap=True)
    for member in members:
        subject = member.subject
        grid.add_row(subject.user_id, subject.app_id, member.attribute.value, member.incident_id)
    return grid
