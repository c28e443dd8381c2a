"""Stories that lead somewhere: most of what can go wrong does so late in one."""

from __future__ import annotations

# Whom a story is about first, and who else may be there.
ANYBODY = ("ordinary", "ordinary", "synced", "privileged", "unlinked")
ORDINARY, SYNCED = ("ordinary",), ("synced", "synced", "ordinary")
PRIVILEGED = ("privileged", "ordinary")
# Stories that lead somewhere; a schedule may hold one, with anything else in between.
FOUND = ("change", "hook", *["check"] * 5)
AGAIN = ("human_edit", "push", "hook", *["check"] * 5)
MENDED = ("mend", "check", "check", "check")
FLAGGED = ("flag_prepare", "approve", "approve", "flag_enable")
ARCS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (ANYBODY, ()),
    (ANYBODY, (*FOUND, *FOUND)),
    (ANYBODY, (*FOUND, "dismiss", "push", "hook", *["check"] * 4)),
    (ANYBODY, ("leave", "hook", *["check"] * 4, "approve", *MENDED)),
    (ANYBODY, ("change", "hook", "leave", "hook", "check", "check", "relink", "hook", "check")),
    (ANYBODY, ("change", "hook", "check", "change", "hook", "check", "check", "tick", "check")),
    (ORDINARY, ("change", "hook", "stale_check", "hook", *["check"] * 4)),
    (ORDINARY, (*FOUND, "approve", *MENDED)),
    (ORDINARY, (*FOUND, "approve", "long_wait", *MENDED)),
    (ORDINARY, (*FOUND, "approve", *MENDED, *AGAIN, "approve", *MENDED)),
    (ORDINARY, (*FOUND, *MENDED, *AGAIN, *MENDED, *AGAIN, *MENDED)),
    (PRIVILEGED, (*FOUND, "approve", "approve", "write", "check", "check", *MENDED)),
    (PRIVILEGED, (*FOUND, "approve", "approve", "approve", "write", "write", *["check"] * 3)),
    (SYNCED, (*FOUND, *FOUND, *FOUND, *FLAGGED[:-1], "slow_flag_enable", *MENDED)),
    (SYNCED, (*FOUND, *FLAGGED, "push", "hook", *["check"] * 4)),
    (SYNCED, (*FOUND, *FOUND, *FLAGGED, *MENDED, *FOUND, *MENDED)),
    (SYNCED, (*FOUND, *FLAGGED, "flag_disable", "flag_prepare", "approve", "flag_enable")),
)
