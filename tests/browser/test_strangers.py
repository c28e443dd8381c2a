"""Other people's pages, in the same browser as the console: they reach nothing of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from lib.incident import Incident, Status
from tests.browser.chromium import chromium_at, chromium_path
from tests.browser.conftest import Serve
from tests.browser.serving import Served
from tests.browser.watch import Watch
from tests.console.conftest import Seat
from tests.console.test_guard import CHANGES
from tests.fakes.make import INCIDENT
from tests.fakes.stage import Stage

REBOUND = "attacker.example"
# Each change as a form that anybody may put on a page, with the names a real one has.
_FORM = """<form method="post" action="{root}{path}">
<input name="digest" value="{digest}"><input name="csrf" value="{token}">
<input name="why" value="because"><input name="until" value="2h"><button>{path}</button></form>"""


class Stranger:
    """A site of somebody else's on this machine, of one page: `text`."""

    def __init__(self) -> None:
        self.text = "<h1>A nice page</h1>"
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.port}/"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @Request.application
    def _answer(self, request: Request) -> Response:
        return Response(self.text if request.path == "/" else "", content_type="text/html")


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    found = Stranger()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def rebound(playwright: Playwright) -> Iterator[Browser]:
    """A browser for which the attacker's name leads to this machine."""
    with chromium_at(playwright, chromium_path(), f"MAP {REBOUND} 127.0.0.1") as browser:
        yield browser


def test_a_name_that_leads_here_is_not_ours(rebound: Browser, console: Served) -> None:
    with rebound.new_context() as context:
        page = context.new_page()
        for address in (console.address, console.root, f"{console.root}/static/console.css"):
            answer = page.goto(address.replace("127.0.0.1", REBOUND))
            assert answer is not None
            assert answer.status == 421
            expect(page.get_by_role("alert")).to_contain_text("127.0.0.1 and localhost only")
        assert context.cookies() == []
        # Its own page may ask what it likes: under its own name, or from its own origin.
        told = page.evaluate(
            "(root) => fetch(root + '/incidents').then(() => 'answered', () => 'nothing')",
            console.root,
        )
        assert told == "nothing"


def test_a_form_on_another_site_changes_nothing(
    page: Page,
    watch: Watch,
    console: Served,
    stranger: Stranger,
    stage: Stage,
    simple: Incident,
    asked: list[object],
) -> None:
    """Browsers send the cookies of 127.0.0.1 to every port of it."""
    token = page.locator("input[name=csrf]").first.input_value()
    changes = [path.replace(INCIDENT, simple.id) for path in CHANGES]
    stranger.text = "".join(
        _FORM.format(root=console.root, path=path, digest=simple.plan.digest, token=token)
        for path in changes
    )
    watch.expects("status of 403")
    for path in changes:
        page.goto(stranger.address)
        with page.expect_request(console.root + path) as sent:
            page.get_by_role("button", name=path, exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("nothing was done")
        assert "pushproof_" in sent.value.all_headers()["cookie"]
    assert asked == []
    assert stage.incident().status is Status.WAITING_APPROVAL
    assert stage.table.overview() is None


def test_a_script_on_another_site_learns_and_changes_nothing(
    page: Page, watch: Watch, console: Served, stranger: Stranger, stage: Stage
) -> None:
    token = page.locator("input[name=csrf]").first.input_value()
    watch.expects("blocked by CORS policy", "Failed to load resource")
    page.goto(stranger.address)
    told = page.evaluate(
        """async ([root, token]) => {
          const body = new URLSearchParams({csrf: token});
          const how = {credentials: "include"};
          const read = await fetch(root + "/", how).then(() => "read", () => "nothing");
          const asked = {...how, method: "POST", mode: "no-cors", body};
          const sent = await fetch(root + "/draw", asked).then(() => "sent", () => "nothing");
          return [read, sent];
        }""",
        [console.root, token],
    )
    assert told == ["nothing", "nothing"]
    assert stage.table.overview() is None


def test_it_is_shown_in_no_frame(
    page: Page, watch: Watch, console: Served, stranger: Stranger
) -> None:
    stranger.text = f'<iframe src="{console.root}/"></iframe>'
    watch.expects("frame")
    page.goto(stranger.address)
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Overview")).to_have_count(0)
    expect(frame.get_by_role("button")).to_have_count(0)


def test_two_consoles_in_one_browser_do_not_disturb_each_other(
    page: Page, serve: Serve, seat: Seat, stage: Stage
) -> None:
    other = serve(seat(port=0, person="second.operator"))
    beside = page.context.new_page()
    beside.goto(other.address)
    for window, person in ((page, "first.operator"), (beside, "second.operator")):
        window.reload()
        expect(window.get_by_role("banner")).to_contain_text(person)
        window.get_by_role("button", name="Count anew", exact=True).click()
        expect(window.get_by_role("status")).to_have_text("Counted anew.")


def test_without_the_printed_address_nobody_is_let_in(
    chromium: Browser, watch: Watch, console: Served
) -> None:
    with chromium.new_context() as context:
        watch.over(context)
        watch.expects("status of 403")
        page = context.new_page()
        page.goto(console.root)
        expect(page.get_by_role("alert")).to_contain_text("pushproof console printed")
        expect(page.get_by_role("link", name="Overview")).to_have_count(0)
        expect(page.get_by_text("sandbox")).to_have_count(0)
        page.goto(console.address)
        expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
