"""Microsoft's Graph SDK and azure-identity, pointed at the simulated tenant."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import httpx
import requests
from azure.core.credentials import TokenCredential
from azure.identity import ClientSecretCredential, DeviceCodeCredential
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from kiota_http.middleware.options import RetryHandlerOption
from msgraph import GraphRequestAdapter, GraphServiceClient, graph_request_adapter
from msgraph_core import GraphClientFactory

from tests.referee.conftest import Vendors

T = TypeVar("T")
Call = Callable[[GraphServiceClient], Awaitable[T]]


def as_app(vendors: Vendors, name: str, secret: str | None = None) -> ClientSecretCredential:
    identity = vendors.world.identity(name)
    return ClientSecretCredential(
        vendors.world.tenant.id,
        identity.client_id,
        secret or identity.secret or "",
        authority=vendors.entra_url,
        disable_instance_discovery=True,
    )


def as_administrator(
    vendors: Vendors, account: str, *, answer: str = "continue"
) -> DeviceCodeCredential:
    """Whoever is shown the code enters it on the simulated page straight away."""

    def enter(uri: str, code: str, expires: datetime) -> None:
        assert uri.startswith(vendors.entra_url)
        assert expires.year > 2000
        form = {"code": code, "account": account, "answer": answer}
        requests.post(uri, data=form, verify=str(vendors.tls.ca_file), timeout=10)

    return DeviceCodeCredential(
        vendors.world.identity("operator").client_id,
        tenant_id=vendors.world.tenant.id,
        authority=vendors.entra_url,
        disable_instance_discovery=True,
        prompt_callback=enter,
    )


def run(
    vendors: Vendors, credential: TokenCredential, call: Call[T], *, permission: str = ".default"
) -> T:
    """One call of a fresh client, without its quiet retries."""

    async def once() -> T:
        trusted = ssl.create_default_context(cafile=str(vendors.tls.ca_file))
        options = {
            **graph_request_adapter.options,
            RetryHandlerOption.get_key(): RetryHandlerOption(should_retry=False),
        }
        plain = httpx.AsyncClient(verify=trusted, timeout=10)
        scopes = [f"{vendors.graph_root}/{permission}"]
        provider = AzureIdentityAuthenticationProvider(
            credential, scopes=scopes, allowed_hosts=["127.0.0.1"]
        )
        client = GraphClientFactory.create_with_default_middleware(client=plain, options=options)
        adapter = GraphRequestAdapter(provider, client)
        adapter.base_url = f"{vendors.graph_root}/v1.0"
        async with plain:
            return await call(GraphServiceClient(request_adapter=adapter))

    return asyncio.run(once())
