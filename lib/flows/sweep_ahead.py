"""Pages of an app, the next one fetched while the last one is worked on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from lib.model import AppUserPage


class Ahead(Protocol):
    def __call__(
        self, fetch: Callable[[str], AppUserPage], link: str, most: int
    ) -> Iterator[AppUserPage]: ...


def ahead(fetch: Callable[[str], AppUserPage], link: str, most: int) -> Iterator[AppUserPage]:
    """At most `most` pages, and no call beyond them."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(fetch, link)
        for number in range(1, most + 1):
            page = coming.result()
            if page.next and number < most:
                coming = pool.submit(fetch, page.next)
            yield page
            if not page.next:
                return
