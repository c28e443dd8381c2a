"""What the System Log says of a push, and what a reason says of its failure."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lib.rules.pushlog import (
    REMOVAL,
    FailureKind,
    deactivation_story,
    parse_reason,
    push_story,
)
from tests.fakes.clock import START
from tests.fakes.make import LOGIN, push, push_log, started

HOUR = timedelta(hours=1)
HEAD = f"Could not push profile for Office 365 user {LOGIN}, received error: "


def graph(status: int, code: str, message: str, url: str = "/users/1") -> str:
    return (
        f"HTTP status code {status}. httpStatusCode={status} errorCode={code} "
        f'errorMessage="{message}" client-request-id=c-1 request-id=r-1 '
        f"timestamp='Wed, 23 Aug 2023 16:13:42 GMT' method=PATCH url=https://g.example{url}"
    )


DENIED = graph(403, "Authorization_RequestDenied", "Insufficient privileges.")
LICENCE = graph(
    403, "Authorization_RequestDenied", "Insufficient.", "/users/1/microsoft.graph.assignLicense"
)
ON_PREMISES = graph(
    400,
    "Request_BadRequest",
    "Unable to update the specified properties for on-premises mastered Directory Sync objects.",
)
SIGN_IN = "Office365ProvisioningException: 400 AADSTS50079: enroll in multi-factor authentication"


def cut(text: str, through: str) -> str:
    """Okta's cut at 255 characters, placed right after `through`."""
    end = text.index(through) + len(through)
    return text[:end].rjust(255, "x")[-255:]


@pytest.mark.parametrize(
    ("reason", "kind", "truncated"),
    [
        (HEAD + DENIED, FailureKind.REFUSED, False),
        (HEAD + LICENCE, FailureKind.LICENCE, False),
        (HEAD + ON_PREMISES, FailureKind.ON_PREMISES, False),
        (SIGN_IN, FailureKind.CONNECTOR_AUTH, False),
        (graph(401, "InvalidAuthenticationToken", "expired"), FailureKind.CONNECTOR_AUTH, False),
        (graph(400, "Request_BadRequest", "Invalid value."), FailureKind.OTHER, False),
        ("The connection was closed.", FailureKind.OTHER, False),
        (None, FailureKind.OTHER, False),
        ("", FailureKind.OTHER, False),
        # The url comes last: without it a licence refusal and a user refusal are one.
        (cut(HEAD + DENIED, "request-id=r-1"), FailureKind.UNDECIDED, True),
        (cut(HEAD + LICENCE, "method=PATCH url=https://g.ex"), FailureKind.UNDECIDED, True),
        (cut(HEAD + DENIED, "httpStatusCode=40"), FailureKind.UNDECIDED, True),
        (cut(LICENCE, "assignLicense"), FailureKind.LICENCE, True),
        (cut(ON_PREMISES, "on-premises mastered"), FailureKind.ON_PREMISES, True),
        (cut(SIGN_IN, "AADSTS50079"), FailureKind.CONNECTOR_AUTH, True),
    ],
)
def test_each_kind_of_failure(reason: str | None, kind: FailureKind, truncated: bool) -> None:
    found = parse_reason(reason)
    assert (found.kind, found.truncated) == (kind, truncated)
    assert ("truncated" in found.describe()) is truncated


def test_a_refusal_without_its_url_is_not_decided() -> None:
    assert parse_reason(DENIED.partition(" url=")[0]).kind is FailureKind.UNDECIDED


def test_the_pieces_that_join_vendors_logs() -> None:
    found = parse_reason(HEAD + DENIED)
    assert (found.http_status, found.error_code) == ("403", "Authorization_RequestDenied")
    assert (found.request_id, found.client_request_id) == ("r-1", "c-1")
    assert parse_reason(SIGN_IN).aadsts == "AADSTS50079"


@pytest.mark.parametrize("reason", [HEAD + DENIED, HEAD + "errorCode=" + LOGIN, SIGN_IN + LOGIN])
def test_a_description_names_nobody(reason: str) -> None:
    assert LOGIN not in parse_reason(reason).describe()


def test_started_is_not_completed() -> None:
    story = push_story(push_log(started()), START - HOUR)
    assert story.never
    assert not story.succeeded
    both = push_story(push_log(push(at=START), started(START + HOUR)), START - HOUR)
    assert both.succeeded


def test_the_last_completed_push_counts() -> None:
    log = push_log(push("FAILURE", START), push(at=START - HOUR))
    assert push_story(log, START - 2 * HOUR).failed
    assert push_story(log, START).last == push("FAILURE", START)


def test_an_older_push_is_none() -> None:
    log = push_log(push(at=START - HOUR), since=START - 2 * HOUR)
    assert push_story(log, START - HOUR + timedelta(milliseconds=1)).never
    assert push_story(log, START - HOUR).succeeded


@pytest.mark.parametrize(("complete", "reach"), [(False, -HOUR), (True, HOUR)])
def test_only_a_log_read_to_both_ends_says_never(complete: bool, reach: timedelta) -> None:
    log = push_log(complete=complete, since=START + reach)
    assert not push_story(log, START).never


def test_other_events_are_no_pushes() -> None:
    log = push_log(
        push(event_type=REMOVAL), push(event_type="application.provision.user.deactivate")
    )
    assert push_story(log, START - HOUR).never


def test_a_deactivation_counts_from_the_last_removal() -> None:
    removed = push(at=START, event_type=REMOVAL)
    before = push(at=START - HOUR, event_type="application.provision.user.deactivate")
    after = push("FAILURE", START + HOUR, event_type="app.office365.api.error.deactivate.user")
    assert deactivation_story(push_log(before)) is None
    story = deactivation_story(push_log(before, removed))
    assert story
    assert story.never
    failed = deactivation_story(push_log(before, removed, after))
    assert failed
    assert failed.failed
    early = deactivation_story(push_log(removed, complete=False))
    assert early
    assert not early.never
