"""moto's data as one value: taken out as a whole, put back as a whole.

An explicit mock on top of the ambient one finds fresh state, and the ambient state comes back
after it. Only called while moto is loaded and no request is inside it.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

# Class attributes in which moto's backends refer to their own data, beside the BackendDicts.
CLASS_STATE = (
    ("moto.ec2.models.vpcs", "VPCBackend", "vpc_refs"),
    ("moto.ec2.models.vpc_peering_connections", "VPCPeeringConnectionBackend", "vpc_pcx_refs"),
    (
        "moto.ec2.models.transit_gateway_attachments",
        "TransitGatewayAttachmentBackend",
        "backend_refs",
    ),
    ("moto.securityhub.models", "SecurityHubBackend", "_org_configs"),
)


class Backend(NamedTuple):
    """One BackendDict: its accounts, and the attributes of its own (S3's bucket owners)."""

    owner: Any
    accounts: dict[str, Any]
    attributes: dict[str, Any]


class Data(NamedTuple):
    """Everything that a mock's requests have made or set inside moto."""

    backends: list[Backend]
    instances: list[tuple[Any, str, list[Any]]]
    class_state: list[tuple[Any, str, Any]]
    responses: list[tuple[Any, str, Any]]
    settings: list[tuple[Any, dict[str, Any]]]
    random_state: Any
    request_count: int


def take() -> Data:
    """Detach all data from moto and return it; moto is empty after it, its settings unchanged."""
    from moto.moto_api import recorder, state_manager
    from moto.moto_api._internal import mock_random

    backends = []
    for owner in {id(owner): owner for owner in _backend_dict()._instances}.values():
        # moto before 5.2.1 may list one twice.
        attributes = dict(vars(owner))
        backends.append(Backend(owner, dict(owner), attributes))
        dict.clear(owner)
        fresh = type(owner)(
            owner.backend, owner.service_name, owner._use_boto3_regions, owner._additional_regions
        )
        vars(owner).update(vars(fresh), _id=owner._id)
    _backend_dict()._instances = []
    return Data(
        backends,
        _take_instances(),
        _take_class_state(),
        _take_responses(),
        [(owner, _copied(owner)) for owner in (recorder, state_manager)],
        mock_random.getstate(),
        _take_request_count(),
    )


def put(data: Data) -> None:
    """Put data that `take` had detached back into moto, which must be empty."""
    from moto.moto_api._internal import mock_random

    for owner, accounts, attributes in data.backends:
        dict.update(owner, accounts)
        vars(owner).update(attributes)
    _backend_dict()._instances = [backend.owner for backend in data.backends]
    for owner, name, value in (*data.instances, *data.class_state, *data.responses):
        setattr(owner, name, value)
    for owner, attributes in data.settings:
        vars(owner).update(attributes)
    mock_random.setstate(data.random_state)
    authenticator().request_count = data.request_count


def drop() -> None:
    """Drop all data, as moto's ``reset`` does."""
    from moto.core.model_instances import reset_model_data

    _backend_dict().reset()
    reset_model_data()


def _take_instances() -> list[tuple[Any, str, list[Any]]]:
    """Detach the instances that moto's models count; S3 would close the files of what it sees."""
    from moto.core.model_instances import model_data

    taken = []
    for models in model_data.values():
        for model in models.values():
            # moto before 5.1.11 called the list `instances`.
            name = "instances_tracked" if hasattr(model, "instances_tracked") else "instances"
            taken.append((model, name, getattr(model, name)))
            setattr(model, name, [])
    return taken


def _take_class_state() -> list[tuple[Any, str, Any]]:
    taken = []
    for module, class_name, name in CLASS_STATE:
        owner = getattr(sys.modules.get(module), class_name, None)
        if owner is not None:
            value = getattr(owner, name)
            taken.append((owner, name, value))
            fresh = value.copy()  # keeps a defaultdict's factory
            fresh.clear()
            setattr(owner, name, fresh)
    return taken


def _take_responses() -> list[tuple[Any, str, Any]]:
    """Detach what answers `requests`: moto's callbacks, API Gateway's and the user's."""
    from moto.core.models import responses_mock

    names = ("_registry", "passthru_prefixes")
    taken = [(responses_mock, name, getattr(responses_mock, name)) for name in names]
    responses_mock._registry = type(responses_mock._registry)()
    return taken


def _take_request_count() -> int:
    count: int = authenticator().request_count
    authenticator().request_count = 0
    return count


def _copied(owner: Any) -> dict[str, Any]:
    return {k: v.copy() if isinstance(v, dict) else v for k, v in vars(owner).items()}


def authenticator() -> Any:
    """Return the class in which moto counts requests for its IAM authorization."""
    from moto.core import responses

    module: Any = responses  # where every moto 5 has the name, though it moved
    return module.ActionAuthenticatorMixin


def _backend_dict() -> Any:
    from moto.core.base_backend import BackendDict

    return BackendDict
