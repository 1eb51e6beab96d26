"""Moto's in-memory AWS for async code too: aiobotocore, aioboto3, s3fs and boto3 share one mock.

``import aiomoto`` loads nothing else; each public name is imported on first use (PEP 562).

PYTEST_DONT_REWRITE: the start-up hook loads this package before pytest starts, so pytest would
warn that it cannot rewrite it, and ``pytest -W error`` would stop in every environment with us.
"""

__version__ = "0.1.0"

_HOMES = {
    "MockAWS": "mocking",
    "mock_aws": "mocking",
    "mock_aws_decorator": "mocking",
    "AiomotoError": "errors",
    "AutoEndpointError": "errors",
    "AutoEndpointMode": "_endpoints",
    "GatewayError": "errors",
    "InProcessModeError": "errors",
    "ModeConflictError": "errors",
    "ProxyModeError": "errors",
    "RealHTTPRequestBlockedError": "errors",
    "ServerModeConfigurationError": "errors",
    "ServerModeDependencyError": "errors",
    "ServerModeEndpointError": "errors",
    "ServerModeHealthcheckError": "errors",
    "ServerModePortError": "errors",
    "ServerModeRequiredError": "errors",
    "UnsupportedVersionError": "errors",
}

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aiomoto._endpoints import AutoEndpointMode as AutoEndpointMode
    from aiomoto.errors import AiomotoError as AiomotoError
    from aiomoto.errors import AutoEndpointError as AutoEndpointError
    from aiomoto.errors import GatewayError as GatewayError
    from aiomoto.errors import InProcessModeError as InProcessModeError
    from aiomoto.errors import ModeConflictError as ModeConflictError
    from aiomoto.errors import ProxyModeError as ProxyModeError
    from aiomoto.errors import RealHTTPRequestBlockedError as RealHTTPRequestBlockedError
    from aiomoto.errors import ServerModeConfigurationError as ServerModeConfigurationError
    from aiomoto.errors import ServerModeDependencyError as ServerModeDependencyError
    from aiomoto.errors import ServerModeEndpointError as ServerModeEndpointError
    from aiomoto.errors import ServerModeHealthcheckError as ServerModeHealthcheckError
    from aiomoto.errors import ServerModePortError as ServerModePortError
    from aiomoto.errors import ServerModeRequiredError as ServerModeRequiredError
    from aiomoto.errors import UnsupportedVersionError as UnsupportedVersionError
    from aiomoto.mocking import MockAWS as MockAWS
    from aiomoto.mocking import mock_aws as mock_aws
    from aiomoto.mocking import mock_aws_decorator as mock_aws_decorator


def __getattr__(name: str) -> object:
    """Import a public name from its home, once."""
    if name not in _HOMES:
        message = f"module 'aiomoto' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # importing aiomoto imports nothing

    value: object = getattr(import_module(f"aiomoto.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *_HOMES})
