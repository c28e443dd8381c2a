"""Over every page of a test: what must happen on none of them."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Download, Page, Request
from playwright.sync_api import WebError as Thrown

HOST = "127.0.0.1"
# Before any script of the page. Chromium itself tells of most violations, but not of every kind.
_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.effectiveDirective} forbids ${event.blockedURI}`);
});
"""


class Watch:
    """`downloads`: what was saved. `faults`: what must not be, in the order in which it was."""

    def __init__(self) -> None:
        self.downloads: list[Download] = []
        self.faults: list[str] = []
        self._expected: dict[str, bool] = {}

    def over(self, context: BrowserContext) -> None:
        context.add_init_script(_VIOLATIONS)
        context.on("console", self._said)
        context.on("weberror", self._threw)
        context.on("dialog", self._asked)
        context.on("request", self._requested)
        context.on("page", self._opened)

    def expects(self, *texts: str) -> None:
        """Errors with one of these are what the test is about; each has to be seen."""
        self._expected.update(dict.fromkeys(texts, False))

    def wrong(self) -> list[str]:
        missing = [text for text, seen in self._expected.items() if not seen]
        return [*self.faults, *(f"expected, and never seen: {text}" for text in missing)]

    def _fault(self, text: str) -> None:
        matching = [expected for expected in self._expected if expected in text]
        self._expected.update(dict.fromkeys(matching, True))
        if not matching:
            self.faults.append(text)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._fault(f"console: {message.text} ({message.location['url']})")

    def _threw(self, error: Thrown) -> None:
        self._fault(f"thrown: {error.error}")

    def _asked(self, dialog: Dialog) -> None:
        self._fault(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _requested(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("http", "https") or address.hostname != HOST:
            self._fault(f"request: {address.scheme}://{address.hostname}")

    def _opened(self, page: Page) -> None:
        page.on("download", self._saved)

    def _saved(self, download: Download) -> None:
        self.downloads.append(download)
