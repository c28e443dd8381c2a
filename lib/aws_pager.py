"""On-call's SNS topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lib.aws import called
from lib.incident import Page
from lib.rules.page_formats import HttpsPages, publication

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class SnsPager:
    """`https`: what https subscribers get. The forms are lib/rules/page_formats.py's."""

    def __init__(self, sns: SNSClient, topic_arn: str, https: HttpsPages = HttpsPages.CHAT) -> None:
        self._sns, self._topic, self._https = sns, topic_arn, https

    def page(self, page: Page) -> None:
        """Raises Transient."""
        made = publication(page, self._https)
        called(
            self._sns.publish,
            TopicArn=self._topic,
            Subject=made.subject,
            Message=made.message,
            MessageStructure="json",
            MessageAttributes=made.attributes,
        )
