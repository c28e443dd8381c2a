"""pushproof replay: events to the hook as Okta would send them, or what a log or a queue left."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from lib.times import utc_now
from ops.connection import Connection, Misuse, connect
from ops.options import machine, where

if TYPE_CHECKING:
    from rich.console import Console

    from ops.replay.log_range import Replayed
    from ops.replay.runs import Delivered, Row
    from ops.replay.send import Sent, Target
    from ops.samples import Sample

Told = list[tuple["Delivered", list["Row"]]]
# A whole look chain takes 14 minutes by default; a sweep's rounds take longer.
PATIENCE = 1800
NOT_AT_ITS_END = 1


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@where
@machine
@click.option("--event", "uuids", multiple=True, metavar="UUID", help="An entry of Okta's log.")
@click.option("--parked", "parked_ids", multiple=True, metavar="ID", help="Parked work.")
@click.option("--since", metavar="WHEN", help="A range of Okta's log: 90m, 2h, 3d or a time.")
@click.option("--until", metavar="WHEN", help="Where the range ends; else at the log's end.")
@click.option("--dry-run", is_flag=True, help="With --since: say how much, send nothing.")
@click.option("--url", metavar="URL", help="Send there; PUSHPROOF_HOOK_SECRET holds its secret.")
@click.option("--new-ids", is_flag=True, help="Give events and delivery ids never sent before.")
@click.option("--now", "at_now", is_flag=True, help="Move their times so that the latest is now.")
@click.option("--follow", is_flag=True, help="Wait until everything came to its end.")
@click.option(
    "--patience",
    type=click.IntRange(1, 86_400),
    default=PATIENCE,
    show_default=True,
    help="Seconds that --follow waits.",
)
@click.option("--yes", is_flag=True, help="Send to what is no sandbox without asking.")
def replay(
    files: tuple[str, ...],
    stack: str | None,
    operator: str | None,
    as_json: bool,
    uuids: tuple[str, ...],
    parked_ids: tuple[str, ...],
    since: str | None,
    until: str | None,
    dry_run: bool,
    url: str | None,
    new_ids: bool,
    at_now: bool,
    follow: bool,
    patience: int,
    yes: bool,
) -> None:
    """Send deliveries to the hook as Okta would, and tell what became of each event.

    FILE is a sample of events/ by its name, or a file: a sample, a delivery of Okta's, an entry of
    its System Log or a list of them. Ids and times stay as they are unless asked for.
    """
    chosen = [bool(files or uuids), bool(parked_ids), bool(since)]
    if sum(chosen) != 1:
        raise Misuse("Name samples, files, --event or --parked to send, or give --since for more.")
    if (until or dry_run) and not since:
        raise Misuse("--until and --dry-run belong to --since.")
    if (new_ids or at_now) and not (files or uuids):
        raise Misuse("--new-ids and --now rewrite files and --event only.")
    if url and (follow or stack or uuids or parked_ids or since):
        raise Misuse("--url takes files only, and tells no more than its answer.")
    if dry_run and follow:
        raise Misuse("With --dry-run nothing is sent, so there is nothing to follow.")
    if url:
        from ops.replay.send import target_at

        sys.exit(_to(target_at(url), None, _read(files, new_ids, at_now), as_json, None, yes))
    connection = connect(stack, operator)
    patient = float(patience) if follow else None
    if since:
        sys.exit(_log(connection, since, until, dry_run, as_json, patient, yes))
    elif parked_ids:
        sys.exit(_parked(connection, parked_ids, as_json, patient, yes))
    else:
        from ops.replay.send import target_of

        deliveries = _read(files, new_ids, at_now)
        if uuids:
            deliveries.append(_entries(connection, uuids, new_ids, at_now))
        sys.exit(_to(target_of(connection), connection, deliveries, as_json, patient, yes))


def _read(files: Sequence[str], new_ids: bool, at_now: bool) -> list[Sample]:
    """All of them before the first is sent."""
    from ops.replay.deliveries import of_name, rewritten

    now = utc_now() if at_now else None
    return [rewritten(of_name(file), new_ids=new_ids, now=now) for file in files]


def _entries(connection: Connection, uuids: Sequence[str], new_ids: bool, at_now: bool) -> Sample:
    from ops.replay.deliveries import of_entries, rewritten
    from ops.replay.log_events import by_id, log_of

    entries = by_id(log_of(connection), list(dict.fromkeys(uuids)))
    now = utc_now() if at_now else None
    return rewritten(of_entries(entries, "system-log"), new_ids=new_ids, now=now)


def _to(
    target: Target,
    connection: Connection | None,
    deliveries: Sequence[Sample],
    as_json: bool,
    patience: float | None,
    yes: bool,
) -> int:
    from ops.replay.deliveries import events_of
    from ops.replay.names import asks_okta
    from ops.replay.readings import read_each
    from ops.replay.runs import Delivered, Rules, prepared
    from ops.replay.send import Post

    if not (connection and connection.is_sandbox) and not yes:
        number = len(deliveries)
        asked = f"Send {number} deliver{'y' if number == 1 else 'ies'} to {target.name}?"
        click.confirm(asked, abort=True, err=True)
    # Of all of them before the first is sent: what fails then has sent nothing.
    ready: list[Callable[[Sent], Delivered]]
    if connection is None:
        ready = [
            partial(Delivered, events=read_each(events_of(each), ()), following=None)
            for each in deliveries
        ]
    else:
        parts = (connection.table(), Rules.of(connection), asks_okta(connection))
        ready = [prepared(events_of(each), *parts) for each in deliveries]
    with Post(target) as post:
        pairs = zip(deliveries, ready, strict=True)
        done = [told_by(post.send(sample)) for sample, told_by in pairs]
    return _tell(done, as_json, patience)


def _parked(
    connection: Connection,
    ids: Sequence[str],
    as_json: bool,
    patience: float | None,
    yes: bool,
) -> int:
    from ops.replay.parked import send_again

    if not connection.is_sandbox and not yes:
        asked = f"Send {len(ids)} of the parked again, at {connection.name}?"
        click.confirm(asked, abort=True, err=True)
    return _tell(send_again(connection, list(dict.fromkeys(ids))), as_json, patience)


def _tell(done: Sequence[Delivered], as_json: bool, patience: float | None) -> int:
    """0: everything named ended well, or was taken where nobody waits for its end."""
    from ops import render
    from ops.replay import view

    console = render.console()
    told = _followed(done, patience or 0.0, None if as_json else console)
    if as_json:
        click.echo(json.dumps([view.plain(each, rows) for each, rows in told]))
    else:
        console.print(view.screen(told))
    rows = [row for _, found in told for row in found]
    left = sum(not row.ended for row in rows) if patience is not None else 0
    if left:
        click.echo(f"{left} did not come to an end in that time; the work goes on.", err=True)
    well = all(each.sent.maybe for each in done) and all(row.well for row in rows)
    return 0 if well and not left else NOT_AT_ITS_END


def _followed(done: Sequence[Delivered], patience: float, screen: Console | None) -> Told:
    """Looks again and again; each decision is said once, when it is seen.

    A table that does not answer ends nothing: what was sent and seen is still told.
    """
    from rich.text import Text

    from lib.errors import Transient
    from lib.rules.mask import printable

    until = time.monotonic() + patience
    said: set[str] = set()
    trouble = ""
    while True:
        told: Told = []
        for each in done:
            try:
                told.append((each, each.look()))
            except Transient as error:
                told.append((each, each.rows))
                if str(error) != trouble:
                    trouble = str(error)
                    click.echo(f"The table can not be read: {trouble}.", err=True)
        lines = [
            f"{m.at:%H:%M:%S}  {lane.subject.user_id}  {m.actor}: {m.what}"
            + (f" - {m.detail}" if m.detail else "")
            for each, _ in told
            for lane in each.lanes
            for m in lane.moments
        ]
        for line in dict.fromkeys(lines):
            if screen and patience and line not in said:
                # As text: what a person or a vendor wrote is no markup.
                screen.print(Text(printable(line)), soft_wrap=True)
        said.update(lines)
        ended = all(row.ended for _, rows in told for row in rows)
        if ended or time.monotonic() >= until:
            return told
        try:
            time.sleep(1.0)
        except KeyboardInterrupt:
            # Whoever waits no longer is still told what was seen.
            return told


def _log(
    connection: Connection,
    since: str,
    until: str | None,
    dry_run: bool,
    as_json: bool,
    patience: float | None,
    yes: bool,
) -> int:
    from lib.errors import Transient
    from ops.replay.log_range import replay_of
    from ops.replay.names import asks_okta
    from ops.replay.readings import read_each
    from ops.replay.runs import Delivered, Rules, prepared
    from ops.replay.send import Sent

    if not (connection.is_sandbox or dry_run or yes):
        asked = f"Have everybody checked whom the log names, by the stack {connection.name}?"
        click.confirm(asked, abort=True, err=True)
    pages: list[Delivered] = []
    find = asks_okta(connection)

    def follow(entries: Sequence[object]) -> None:
        if patience is None or not entries:
            return
        sent, rules = (
            Sent(f"page {len(pages) + 1} of the log", 200, "", utc_now()),
            Rules.of(connection),
        )
        try:
            pages.append(prepared(entries, connection.table(), rules, find)(sent))
        except Transient as error:
            # A range is a repair, which must not end because nobody can watch it.
            click.echo(f"The {sent.sample} can not be followed: {error}.", err=True)
            pages.append(Delivered(sent, read_each(entries, rules.app_ids), None))

    done = replay_of(connection).run(since, until, dry=dry_run, before=follow)
    if not as_json:
        click.echo("\n".join(told(done)))
    elif patience is None:
        click.echo(json.dumps(done.as_dict()))
    return _tell(pages, as_json, patience) if patience is not None else 0


def told(done: Replayed) -> list[str]:
    end = done.until or "the end of the log"
    said = [
        f"{done.events} events from {done.since} to {end}, {done.strangers} of other apps.",
        f"{done.subjects} subjects in {done.messages} messages "
        + ("were sent to the check queue." if done.sent else "would be sent; nothing was."),
    ]
    return [*said, done.note] if done.note else said
