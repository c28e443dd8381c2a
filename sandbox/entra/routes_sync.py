"""/directory/onPremisesSynchronization.

Source: the vendor's onPremisesDirectorySynchronization pages: delegated Global Administrators
only; the collection holds one element, whose id is the tenant's.
"""

from __future__ import annotations

from flask import Blueprint, Response

from sandbox.entra import web
from sandbox.entra.audit import AuditLog
from sandbox.entra.callers import READ_SYNC, WRITE_SYNC, Caller
from sandbox.entra.changes import Changes
from sandbox.entra.directory import TENANT_SCOPE, Directory
from sandbox.entra.errors import bad_request, denied, not_found, not_modelled
from sandbox.entra.query import Page, refuse_unknown
from sandbox.entra.roles import GLOBAL_ADMINISTRATOR

_PATH = "/directory/onPremisesSynchronization"
_ON_FROM_THE_START = frozenset(
    {
        "quarantineUponUpnConflictEnabled",
        "quarantineUponProxyAddressesConflictEnabled",
        "softMatchOnUpnEnabled",
        "synchronizeUpnForManagedUsersEnabled",
    }
)
FEATURES = {
    name: name in _ON_FROM_THE_START
    for name in (
        "passwordSyncEnabled",
        "passwordWritebackEnabled",
        "directoryExtensionsEnabled",
        "quarantineUponUpnConflictEnabled",
        "quarantineUponProxyAddressesConflictEnabled",
        "softMatchOnUpnEnabled",
        "cloudPasswordPolicyForPasswordSyncedUsersEnabled",
        "fopeConflictResolutionEnabled",
        "unifiedGroupWritebackEnabled",
        "userWritebackEnabled",
        "deviceWritebackEnabled",
        "synchronizeUpnForManagedUsersEnabled",
        "userForcePasswordChangeOnLogonEnabled",
        "concurrentOrgIdProvisioningEnabled",
        "concurrentCredentialUpdateEnabled",
        "groupWriteBackEnabled",
        "blockSoftMatchEnabled",
        "blockCloudObjectTakeoverThroughHardMatchEnabled",
        "bypassDirSyncOverridesEnabled",
        "allowOnPremUpdateOfOnPremisesObjectIdentifierEnabled",
    )
}

Json = dict[str, object]


def sync_routes(
    directory: Directory, changes: Changes, audit: AuditLog, *, app_only: bool
) -> Blueprint:
    """`app_only`: whether the tenant answers apps too, which the vendor says it does not."""
    routes = Blueprint("sync", __name__)

    @routes.get(_PATH)
    def listed() -> Response:
        _admit(web.caller(), READ_SYNC)
        refuse_unknown(web.options())
        return web.collection(_PATH[1:], Page([_shape()], None))

    @routes.get(f"{_PATH}/<id>")
    def one(id: str) -> Response:
        _admit(web.caller(), READ_SYNC)
        refuse_unknown(web.options())
        _check_id(id)
        return web.entity(f"{_PATH[1:]}/$entity", _shape())

    @routes.patch(f"{_PATH}/<id>")
    def update(id: str) -> Response:
        body = web.body_json()
        caller = web.caller()
        _admit(caller, WRITE_SYNC)
        _check_id(id)
        changes.set_features(_features(body), audit.by(caller))
        return web.no_content()

    def _admit(caller: Caller, any_of: frozenset[str]) -> None:
        caller.require(any_of)
        if not caller.delegated:
            if not app_only:
                raise denied()
        elif GLOBAL_ADMINISTRATOR not in directory.roles_in_scope(caller.object_id, TENANT_SCOPE):
            raise denied()

    def _check_id(sync_id: str) -> None:
        if sync_id.lower() != directory.tenant_id:
            raise not_found(sync_id)

    def _shape() -> Json:
        prevention = {"synchronizationPreventionType": "enabledForCount", "alertThreshold": 500}
        with directory.lock:
            features = dict(directory.features)
        return {
            "id": directory.tenant_id,
            "configuration": {"accidentalDeletionPrevention": prevention},
            "features": features,
        }

    return routes


def _features(body: object) -> dict[str, bool]:
    """Only what is named changes; everything else keeps its value."""
    if not isinstance(body, dict) or not isinstance(body.get("features"), dict):
        raise not_modelled("updating anything but features")
    if body.keys() != {"features"}:
        raise not_modelled("updating anything but features")
    found: dict[str, bool] = {}
    for name, value in body["features"].items():
        if name not in FEATURES:
            raise bad_request(
                f"The property '{name}' does not exist on type "
                "'microsoft.graph.onPremisesDirectorySynchronizationFeature'."
            )
        if not isinstance(value, bool):
            raise bad_request(f"Invalid value specified for property '{name}'.")
        found[name] = value
    return found
