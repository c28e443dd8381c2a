"""A vendor that is down is left alone, and asked again with care."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.breaker import FAILURES, RECOVERY, VendorBreaker
from lib.errors import NotDone, Permanent, Refused, Transient, Unavailable, Unreached
from lib.http import Http
from tests.fakes.dynamodb import dynamodb, new_table
from tests.unit.breakers import GRAPH, OKTA, Breakers
from tests.unit.fakes_http import Answer, FakeVendor, http_of

DOWN = [500, 502, 503, 504]


@pytest.fixture(scope="module")
def client() -> Iterator[object]:
    with dynamodb() as found:
        yield found


@pytest.fixture
def breakers(client: object, monkeypatch: pytest.MonkeyPatch) -> Breakers:
    return Breakers(new_table(client), monkeypatch)


class Vendor:
    """Answers what `says` is, and counts."""

    def __init__(self, guard: VendorBreaker | None) -> None:
        self.says = Answer(json={})
        self.fake = FakeVendor(lambda _: self.says)
        self.http: Http = http_of(self.fake, breaker=guard)

    def ask(self) -> Exception | None:
        try:
            # A write, so that no quick repeat blurs the count.
            self.http.request("PATCH", "/users/1", json={})
        except (Transient, Refused, Permanent) as error:
            return error
        return None

    @property
    def asked(self) -> int:
        return len(self.fake.sent)

    def goes_down(self) -> None:
        self.says = Answer(503)
        for _ in range(FAILURES):
            assert isinstance(self.ask(), Unavailable)


def test_a_vendor_nobody_can_sign_in_to_is_down(breakers: Breakers) -> None:
    """Nothing was sent, which is no reason to wait for each sign-in to fail in its turn."""
    vendor = Vendor(breakers.of(GRAPH))
    vendor.http = http_of(vendor.fake, breaker=breakers.of(GRAPH), headers=_no_token)
    for _ in range(FAILURES):
        assert isinstance(vendor.ask(), Unreached)
    error = vendor.ask()
    assert isinstance(error, NotDone)
    assert "left alone" in str(error)
    assert vendor.asked == 0


def _no_token() -> dict[str, str]:
    raise Unavailable("Entra's sign-in: HTTP 503")


def test_an_outage_opens_it_for_every_environment(breakers: Breakers) -> None:
    one = Vendor(breakers.of(OKTA))
    one.goes_down()
    breakers.environment()
    other = Vendor(breakers.of(OKTA))
    for vendor in (one, other):
        before = vendor.asked
        error = vendor.ask()
        assert isinstance(error, Transient)
        assert not isinstance(error, Unavailable)
        assert "left alone" in str(error)
        assert vendor.asked == before


def test_the_healthy_path_writes_nothing_and_reads_once_in_five_seconds(
    breakers: Breakers, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    breakers.client.meta.events.register(
        "before-call.dynamodb", lambda model, **_: calls.append(model.name)
    )
    vendor = Vendor(breakers.of(OKTA))
    for _ in range(100):
        assert vendor.ask() is None
    breakers.seconds += 5
    vendor.ask()
    assert calls == ["GetItem", "GetItem"]


def test_one_vendor_down_is_not_the_other_down(breakers: Breakers) -> None:
    okta, graph = Vendor(breakers.of(OKTA)), Vendor(breakers.of(GRAPH))
    okta.goes_down()
    assert graph.ask() is None
    graph.goes_down()
    okta.says = Answer(json={})
    breakers.seconds += RECOVERY
    assert okta.ask() is None
    assert (breakers.state(OKTA), breakers.state(GRAPH)) == ("CLOSED", "OPEN")


def test_a_probe_at_a_time_and_one_answer_closes_it(breakers: Breakers) -> None:
    one, other = Vendor(breakers.of(OKTA)), Vendor(breakers.of(OKTA))
    one.goes_down()
    other.ask()
    breakers.seconds += RECOVERY
    during: list[Exception | None] = []

    def while_it_is_asked(_: object) -> Answer:
        breakers.seconds += 6
        # A thread of its own, as an environment has.
        with ThreadPoolExecutor(1) as pool:
            during.append(pool.submit(other.ask).result())
        return Answer(json={})

    one.fake._handler = while_it_is_asked
    assert one.ask() is None
    assert isinstance(during[0], NotDone)
    assert other.asked == 0
    breakers.seconds += 5
    other.says = Answer(json={})
    assert other.ask() is None


def test_while_it_lasts_it_is_asked_once_in_half_a_minute(breakers: Breakers) -> None:
    vendor = Vendor(breakers.of(GRAPH))
    vendor.goes_down()
    before = vendor.asked
    for _ in range(3600):
        breakers.seconds += 1
        vendor.ask()
    assert 3600 / RECOVERY * 0.9 <= vendor.asked - before <= 3600 / RECOVERY


def test_a_prober_that_was_killed_holds_nobody_for_long(
    breakers: Breakers, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = Vendor(breakers.of(OKTA))
    vendor.goes_down()
    breakers.seconds += RECOVERY

    def killed(_: object) -> Answer:
        raise SystemExit

    vendor.fake._handler = killed
    with pytest.raises(SystemExit):
        vendor.ask()
    assert breakers.state(OKTA) == "HALF_OPEN"
    breakers.environment()
    other = Vendor(breakers.of(OKTA))
    monkeypatch.setattr(
        "aws_lambda_powertools.utilities.circuit_breaker.base._probe_owner_id", lambda: "another"
    )
    assert isinstance(other.ask(), NotDone)
    breakers.seconds += RECOVERY
    assert other.ask() is None
    assert breakers.state(OKTA) == "CLOSED"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_is_an_answer(breakers: Breakers, status: int) -> None:
    vendor = Vendor(breakers.of(OKTA))
    vendor.says = Answer(503)
    for _ in range(FAILURES - 1):
        vendor.ask()
    vendor.says = Answer(status, json={"errorCode": "E0000006"})
    assert not isinstance(vendor.ask(), Transient)
    vendor.goes_down()
    breakers.seconds += RECOVERY
    vendor.says = Answer(status, json={"errorCode": "E0000006"})
    assert not isinstance(vendor.ask(), Transient)
    assert breakers.state(OKTA) == "CLOSED"


@pytest.mark.parametrize("status", [408, 409, 423, 429])
def test_asking_for_patience_is_no_outage(breakers: Breakers, status: int) -> None:
    vendor = Vendor(breakers.of(OKTA))
    vendor.says = Answer(status)
    for number in range(3 * FAILURES):
        vendor.ask()
        assert vendor.asked == number + 1
    assert breakers.state(OKTA) == "CLOSED"


def test_our_own_restraint_neither_opens_nor_closes_it(breakers: Breakers) -> None:
    class Shut:
        def enter(self, path: str) -> None:
            raise Transient("the limit is used up", 40)

        def leave(self, path: str, reply: object) -> None:
            raise AssertionError

    vendor = Vendor(breakers.of(OKTA))
    vendor.goes_down()
    breakers.seconds += RECOVERY
    with pytest.raises(Transient, match="used up"):
        vendor.http.behind(Shut()).request("GET", "/x")
    assert breakers.state(OKTA) == "HALF_OPEN"


def test_a_vendor_that_comes_and_goes(breakers: Breakers) -> None:
    """Below the threshold it is asked all along; each real outage opens it again."""
    vendor = Vendor(breakers.of(OKTA))
    for _ in range(20):
        vendor.says = Answer(503)
        for _ in range(FAILURES - 1):
            vendor.ask()
        vendor.says = Answer(json={})
        assert vendor.ask() is None
    for _ in range(3):
        vendor.goes_down()
        assert breakers.state(OKTA) == "OPEN"
        breakers.seconds += RECOVERY
        vendor.says = Answer(json={})
        assert vendor.ask() is None
        assert breakers.state(OKTA) == "CLOSED"


@pytest.mark.parametrize("status", DOWN)
def test_a_read_counts_once_with_its_quick_repeats(breakers: Breakers, status: int) -> None:
    vendor = Vendor(breakers.of(OKTA))
    vendor.says = Answer(status)
    for _ in range(FAILURES):
        with pytest.raises(Unavailable):
            vendor.http.request("GET", "/users/1")
    assert vendor.asked >= FAILURES
    assert breakers.state(OKTA) == "OPEN"


def test_a_state_that_can_not_be_read_or_written_lets_everything_through(
    breakers: Breakers,
) -> None:
    class Broken:
        meta = breakers.client.meta

        def __getattr__(self, name: str) -> Callable[..., object]:
            def fail(**_: object) -> object:
                raise RuntimeError(name)

            return fail

    vendor = Vendor(breakers.of(OKTA, Broken()))
    vendor.goes_down()
    vendor.says = Answer(json={})
    assert vendor.ask() is None
    # It is an outage all the same, even if nobody else is told of it.
    assert breakers.reports == 1


def test_an_unreadable_item_lets_everything_through(breakers: Breakers) -> None:
    item = {"pk": {"S": "FACT#breaker"}, "sk": {"S": OKTA}, "state": {"S": "AJAR"}}
    breakers.client.put_item(TableName=breakers.table, Item=item)
    assert Vendor(breakers.of(OKTA)).ask() is None


def test_what_is_held_is_told_when_the_next_try_is(breakers: Breakers) -> None:
    vendor = Vendor(breakers.of(OKTA))
    vendor.goes_down()
    waits = []
    for seconds in (0, 10, 15, 4):
        breakers.seconds += seconds
        error = vendor.ask()
        assert isinstance(error, Transient)
        waits.append(error.retry_after)
    assert waits == [30, 20, 5, 5]


def test_it_is_reported_while_it_lasts_and_not_for_each_request(breakers: Breakers) -> None:
    vendor = Vendor(breakers.of(OKTA))
    vendor.goes_down()
    for _ in range(50):
        vendor.ask()
    assert breakers.reports == 1
    breakers.seconds += 20
    vendor.ask()
    assert breakers.reports == 2


def test_a_lone_request_that_fails_each_time_is_reported_too(breakers: Breakers) -> None:
    """Nothing else is held back, so the failed probes tell of the outage."""
    vendor = Vendor(breakers.of(OKTA))
    vendor.goes_down()
    for number in range(5):
        assert breakers.reports == 1 + number
        breakers.seconds += RECOVERY
        assert isinstance(vendor.ask(), Unavailable)


def test_the_state_says_nothing_of_anybody(breakers: Breakers) -> None:
    Vendor(breakers.of(OKTA)).goes_down()
    (item,) = breakers.client.scan(TableName=breakers.table)["Items"]
    assert set(item) == {"pk", "sk", "state", "failure_count", "opened_at", "expires"}
