"""The patch table: one row for each function of another distribution that aiomoto wraps.

Data only. `aiomoto._patches` applies it; `aiomoto._hook.TARGETS` repeats its module names.
"""

from __future__ import annotations

from typing import NamedTuple

# Roles without which a request could escape, or something could be left behind: a row of these
# that does not fit makes entering a mock fail. Rows of other roles are left out then.
REQUIRED = frozenset({"door", "guard", "state"})


class Row(NamedTuple):
    """One patch.

    Attributes:
        module: the module whose import applies the row; its first part is the distribution.
        target: the function in it, such as ``Endpoint._send``.
        params: the names of the parameters that the wrapper relies on.
        wrapper: our function, ``module:name``, called as wrapt calls wrappers.
        role: what the patch is for (see the design: door, guard, endpoint, reader, state, speed).
        why: what would go wrong without it.
        low: the first supported version.
        high: the first version that is not supported any more; None where versions are dates,
            which say nothing of what has changed: then the structure decides alone.
        optional: versions without the target need no patch.
    """

    module: str
    target: str
    params: tuple[str, ...]
    wrapper: str
    role: str
    why: str
    low: tuple[int, ...]
    high: tuple[int, ...] | None
    optional: bool = False

    @property
    def dist(self) -> str:
        """The import name of the distribution, which holds ``__version__``."""
        return self.module.partition(".")[0]

    @property
    def supported(self) -> str:
        """The range as a version specifier, such as ``>=2.13,<4``."""
        return specifier(self.low, self.high)


def specifier(low: tuple[int, ...], high: tuple[int, ...] | None) -> str:
    """Return a range as a version specifier, such as ``>=2.13,<4``."""
    bounds = zip((">=", "<"), (low, high), strict=True)
    return ",".join(sign + ".".join(map(str, bound)) for sign, bound in bounds if bound)


# The ranges of pyproject.toml; a test compares the two.
RANGES: dict[str, tuple[tuple[int, ...], tuple[int, ...] | None]] = {
    "aiobotocore": ((2, 13), (4,)),
    "boto3": ((1, 34, 70), (2,)),
    "botocore": ((1, 34, 70), (2,)),
    "moto": ((5, 0), (6,)),
    "pandas": ((2, 2), (4,)),
    "s3fs": ((2024, 6), None),
}


def _row(  # noqa: PLR0913, PLR0917  # a row has this many fields
    module: str,
    target: str,
    params: str,
    wrapper: str,
    role: str,
    why: str,
    *,
    optional: bool = False,
) -> Row:
    low, high = RANGES[module.partition(".")[0]]
    return Row(
        module,
        target,
        tuple(params.split()),
        f"aiomoto._patches.{wrapper}",
        role,
        why,
        low,
        high,
        optional,
    )


ROWS: tuple[Row, ...] = (
    # The door, in three parts.
    _row(
        "moto.core.botocore_stubber",
        "BotocoreStubber.__call__",
        "self event_name request",
        "moto:stubber_call",
        "door",
        "as an event handler it would answer async clients with a sync response, and twice",
    ),
    _row(
        "botocore.endpoint",
        "Endpoint._send",
        "self request",
        "botocore:send",
        "door",
        "every sync request passes here, behind all event handlers of the user",
    ),
    _row(
        "aiobotocore.endpoint",
        "AioEndpoint._send",
        "self request",
        "aiobotocore:send",
        "door",
        "every async request passes here, in front of both HTTP backends",
    ),
    _row(
        "botocore.endpoint",
        "Endpoint.create_request",
        "self params operation_model",
        "botocore:create_request",
        "door",
        "_send knows neither service, region nor when the request began",
    ),
    _row(
        "aiobotocore.endpoint",
        "AioEndpoint.create_request",
        "self params operation_model",
        "aiobotocore:create_request",
        "door",
        "_send knows neither service, region nor when the request began",
    ),
    *(
        _row(
            f"{dist}.client",
            f"{prefix}BaseClient._emit_api_params",
            "self api_params operation_model context",
            "botocore:emit_api_params",
            "door",
            "a mock may end while the user's handlers prepare a request, or while it is signed",
        )
        for dist, prefix in (("botocore", ""), ("aiobotocore", "Aio"))
    ),
    # Behind the door: where moto would wait, an async client must not.
    _row(
        "moto.sqs.models",
        "SQSBackend.receive_message",
        "self queue_name count wait_seconds_timeout visibility_timeout message_attribute_names",
        "moto:receive_message",
        "door",
        "a long poll would stop the event loop for up to 20 s",
    ),
    _row(
        "moto.swf.models",
        "sleep",
        "seconds",
        "moto:swf_sleep",
        "door",
        "an empty poll for tasks would stop the event loop for a second",
    ),
    _row(
        "moto.moto_api._internal.recorder.models",
        "Recorder._record_request",
        "self request body",
        "moto:count_once",
        "door",
        "a poll that asks again would be recorded again",
    ),
    *(
        _row(
            module,
            "ActionAuthenticatorMixin._authenticate_and_authorize_action",
            "self iam_request_cls resource",
            "moto:count_once",
            "door",
            "a poll that asks again would count against the actions without authorization",
            optional=True,
        )
        for module in ("moto.core.authorization", "moto.core.responses")
    ),
    *(
        _row(
            module,
            target,
            "initial_no_auth_action_count",
            "moto:set_no_auth_count",
            "state",
            "it would be over before the body of a coroutine or generator has run",
        )
        for module, target in (
            ("moto.core", "set_initial_no_auth_action_count"),
            ("moto.core.responses", "ActionAuthenticatorMixin.set_initial_no_auth_action_count"),
        )
    ),
    # Behind the door: nothing may pass.
    _row(
        "botocore.httpsession",
        "URLLib3Session.send",
        "self request",
        "botocore:http_send",
        "guard",
        "requests that take no client, such as those for instance metadata",
    ),
    _row(
        "aiobotocore.httpsession",
        "AIOHTTPSession.send",
        "self request",
        "aiobotocore:http_send",
        "guard",
        "requests that take no client, such as those for instance metadata",
    ),
    _row(
        "aiobotocore.httpxsession",
        "HttpxSession.send",
        "self request",
        "aiobotocore:http_send",
        "guard",
        "requests that take no client, such as those for instance metadata",
    ),
    _row(
        "botocore.session",
        "Session.get_credentials",
        "self",
        "botocore:get_credentials",
        "guard",
        "profiles, SSO and metadata would be asked for real credentials",
    ),
    _row(
        "aiobotocore.session",
        "AioSession.get_credentials",
        "self",
        "aiobotocore:get_credentials",
        "guard",
        "profiles, SSO and metadata would be asked for real credentials",
    ),
    _row(
        "botocore.credentials",
        "ProcessProvider._retrieve_credentials_using",
        "self credential_process",
        "botocore:run_credential_process",
        "guard",
        "a refresh would run the user's credential_process",
    ),
    _row(
        "aiobotocore.credentials",
        "AioProcessProvider._retrieve_credentials_using",
        "self credential_process",
        "botocore:run_credential_process",
        "guard",
        "a refresh would run the user's credential_process",
    ),
    *(
        _row(
            f"{dist}.utils",
            f"{prefix}ContainerMetadataFetcher._retrieve_credentials",
            "self full_url extra_headers",
            "botocore:fetch_container_metadata",
            "guard",
            "it would try and sleep three times at an address that nobody answers",
        )
        for dist, prefix in (("botocore", ""), ("aiobotocore", "Aio"))
    ),
    _row(
        "boto3.s3.transfer",
        "_should_use_crt",
        "config",
        "boto3:should_use_crt",
        "guard",
        "the CRT does its own HTTP, past every door",
        optional=True,
    ),
    # Entering and leaving.
    _row(
        "botocore.session",
        "Session.__init__",
        "self session_vars event_hooks include_builtin_handlers profile",
        "botocore:session_init",
        "state",
        "the first session starts the ambient mock",
    ),
    _row(
        "botocore.signers",
        "RequestSigner.get_auth_instance",
        "self signing_name region_name signature_version request_credentials",
        "botocore:get_auth_instance",
        "state",
        "a client that was made without any credentials signs with the mock's",
    ),
    _row(
        "aiobotocore.signers",
        "AioRequestSigner.get_auth_instance",
        "self signing_name region_name signature_version request_credentials",
        "aiobotocore:get_auth_instance",
        "state",
        "a client that was made without any credentials signs with the mock's",
    ),
    _row(
        "moto.core.models",
        "MockAWS.start",
        "self reset",
        "moto:start",
        "state",
        "moto restores the environment and the default session wrongly out of order",
    ),
    _row(
        "moto.core.models",
        "MockAWS.stop",
        "self remove_data",
        "moto:stop",
        "state",
        "moto restores the environment and the default session wrongly out of order",
    ),
    _row(
        "moto.core.models",
        "MockAWS._decorate_callable",
        "self func reset remove_data",
        "moto:decorate_callable",
        "state",
        "moto's mock ends before the body of a coroutine or generator has run",
    ),
    _row(
        "moto.core.models",
        "MockAWS._decorate_class",
        "self klass",
        "moto:decorate_mocked_class",
        "state",
        "moto does not know asyncSetUp",
    ),
    # The gateway is not for the clients of this process.
    _row(
        "botocore.configprovider",
        "ConfiguredEndpointProvider._get_endpoint_url_environment_service",
        "self",
        "botocore_endpoints:service_endpoint",
        "endpoint",
        "in-process clients would take the gateway's address for the user's",
    ),
    _row(
        "botocore.configprovider",
        "ConfiguredEndpointProvider._get_endpoint_url_environment_global",
        "self",
        "botocore_endpoints:global_endpoint",
        "endpoint",
        "in-process clients would take the gateway's address for the user's",
    ),
    _row(
        "botocore.args",
        "ClientArgsCreator._ignore_configured_endpoint_urls",
        "self client_config",
        "botocore_endpoints:ignore_configured_endpoint_urls",
        "endpoint",
        "the gateway hides the user's setting, which would send child processes to AWS",
    ),
    *(
        _row(
            f"{dist}.utils",
            f"{prefix}IMDSFetcher.__init__",
            "self timeout num_attempts base_url env user_agent config" + more,
            "botocore_endpoints:metadata_fetcher_init",
            "endpoint",
            "the gateway disables metadata for native readers, but moto answers those of boto3",
        )
        for dist, prefix, more in (("botocore", "", ""), ("aiobotocore", "Aio", " session"))
    ),
    # Data libraries.
    *(
        _row(
            "s3fs.core",
            f"S3FileSystem.{target}",
            "self refresh kwargs",
            f"s3fs:{target}",
            "state",
            "a client would outlive its mock, or reach AWS with a client of before",
        )
        for target in ("set_session", "connect")
    ),
    _row(
        "s3fs.core",
        "S3File.__init__",
        "self s3 path mode block_size acl version_id fill_cache s3_additional_kwargs autocommit "
        "cache_type requester_pays cache_options size",
        "s3fs:file_init",
        "state",
        "a file that a failed test left open would be uploaded to AWS when it is collected",
    ),
    _row(
        "pandas.io.parquet",
        "_get_path_or_handle",
        "path fs storage_options mode is_dir",
        "pandas:get_path_or_handle",
        "reader",
        "pyarrow would read and write s3:// URLs natively",
    ),
    _row(
        "pandas.io.orc",
        "is_fsspec_url",
        "url",
        "pandas:is_fsspec_url",
        "reader",
        "pyarrow would read s3:// URLs natively",
    ),
)
