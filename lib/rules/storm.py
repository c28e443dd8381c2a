"""When is listing everybody faster than reading one by one?"""

from __future__ import annotations

from lib.rules.sweep import pages_of

# Below this many minutes of single reads a sweep is not worth its beginning and its end.
LEAST_MINUTES = 5.0
# Users of an app nobody counted yet; too many only means that a storm is called later.
ASSUMED = 10_000


def worth(waiting: int, users: int, a_minute: float) -> bool:
    """`waiting` subjects against `users` of all watched apps, at Okta's calls a minute.

    Okta's calls decide: Graph takes 300 users a round trip either way.
    """
    one_by_one = waiting / a_minute
    listing = pages_of(users) / a_minute
    return one_by_one > max(LEAST_MINUTES, 2 * listing)
