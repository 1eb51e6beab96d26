"""The errors that aiomoto raises: all are AiomotoErrors, none are OSErrors or botocore's."""

from __future__ import annotations


class AiomotoError(Exception):
    """Base of every error that aiomoto raises on purpose."""


class RealHTTPRequestBlockedError(AiomotoError):
    """A request would have left the mock, and was refused.

    No subclass of OSError, ImportError or botocore's HTTP errors: neither a retry nor an
    ``except OSError`` may swallow it.
    """


class UnsupportedVersionError(AiomotoError):
    """An installed library is not one that aiomoto can mock safely.

    Attributes:
        distribution: the import name of the library, such as ``aiobotocore``.
        found: the version that is loaded.
        supported: the range of versions that aiomoto knows, such as ``>=2.13,<4``.
        target: the function or class that could not be patched.
        reason: what did not fit.
    """

    def __init__(
        self, distribution: str, found: str, supported: str, target: str, reason: str
    ) -> None:
        """Compose the message from its parts."""
        self.distribution = distribution
        self.found = found
        self.supported = supported
        self.target = target
        self.reason = reason
        super().__init__(distribution, found, supported, target, reason)

    def __str__(self) -> str:
        """Name what was found, what is supported and what to do."""
        return (
            f"aiomoto cannot mock {self.distribution} {self.found}: {self.target} {self.reason}. "
            f"Supported: {self.distribution}{self.supported}. Install a supported version, or a "
            "newer aiomoto. `python -m aiomoto doctor` lists what fits."
        )


class ModeConflictError(AiomotoError):
    """An in-process mock and server mode were asked for at the same time."""


class InProcessModeError(AiomotoError):
    """Something was asked of an in-process mock that it cannot do."""


class ProxyModeError(AiomotoError):
    """moto's proxy mode (``TEST_PROXY_MODE``) is on; aiomoto does not support it."""


class GatewayError(AiomotoError):
    """A native reader or a child process cannot reach the mock: the gateway is off."""


class AutoEndpointError(AiomotoError):
    """``auto_endpoint`` has no such value, does not fit the mode, or contradicts an outer mock."""


class ServerModeRequiredError(AiomotoError):
    """``TEST_SERVER_MODE`` is set but the mock was entered without ``server_mode=True``."""


class ServerModeConfigurationError(AiomotoError):
    """Options were combined that server mode does not allow."""


class ServerModeDependencyError(AiomotoError):
    """The packages that moto's server needs are not installed."""


class ServerModeEndpointError(AiomotoError):
    """The server endpoint is missing, malformed or cannot be used."""


class ServerModeHealthcheckError(AiomotoError):
    """No moto server answered at the endpoint in time."""


class ServerModePortError(AiomotoError):
    """The port is out of range or cannot be used."""
