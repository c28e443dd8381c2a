"""On-call's topic, for everything that pages."""

from __future__ import annotations

from lib.aws import client
from lib.aws_pager import SnsPager
from lib.rules.page_formats import HttpsPages
from lib.settings import Environment


def pager(env: Environment) -> SnsPager:
    """Raises SettingError."""
    https = env.one_of("HTTPS_PAGES", [form.value for form in HttpsPages], HttpsPages.CHAT)
    return SnsPager(client("sns"), env.text("TOPIC_ARN"), HttpsPages(https))
