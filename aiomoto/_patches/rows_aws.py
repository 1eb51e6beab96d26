"""The rows of boto3, botocore, aiobotocore and moto: doors, guards, and what enters and leaves."""

from __future__ import annotations

from aiomoto._patches.rows import Row, row

ROWS: tuple[Row, ...] = (
    # The door, in three parts.
    row(
        "moto.core.botocore_stubber",
        "BotocoreStubber.__call__",
        "self event_name request",
        "moto:stubber_call",
        "door",
        "as an event handler it would answer async clients with a sync response, and twice",
    ),
    row(
        "botocore.endpoint",
        "Endpoint._send",
        "self request",
        "botocore:send",
        "door",
        "every sync request passes here, behind all event handlers of the user",
    ),
    row(
        "aiobotocore.endpoint",
        "AioEndpoint._send",
        "self request",
        "aiobotocore:send",
        "door",
        "every async request passes here, in front of both HTTP backends",
    ),
    row(
        "botocore.endpoint",
        "Endpoint.create_request",
        "self params operation_model",
        "botocore:create_request",
        "door",
        "_send knows neither service, region nor when the request began",
    ),
    row(
        "aiobotocore.endpoint",
        "AioEndpoint.create_request",
        "self params operation_model",
        "aiobotocore:create_request",
        "door",
        "_send knows neither service, region nor when the request began",
    ),
    *(
        row(
            f"{dist}.client",
            f"{prefix}BaseClient._emit_api_params",
            "self api_params operation_model context",
            f"{dist}:emit_api_params",
            "door",
            "a mock may end while the user's handlers prepare a request, or while it is signed",
        )
        for dist, prefix in (("botocore", ""), ("aiobotocore", "Aio"))
    ),
    # Behind the door: where moto would wait, an async client must not.
    row(
        "moto.sqs.models",
        "SQSBackend.receive_message",
        "self queue_name count wait_seconds_timeout visibility_timeout message_attribute_names",
        "moto:receive_message",
        "door",
        "a long poll would stop the event loop for up to 20 s",
    ),
    row(
        "moto.swf.models",
        "sleep",
        "seconds",
        "moto:swf_sleep",
        "door",
        "an empty poll for tasks would stop the event loop for a second",
    ),
    row(
        "moto.moto_api._internal.recorder.models",
        "Recorder._record_request",
        "self request body",
        "moto:count_once",
        "door",
        "a poll that asks again would be recorded again",
    ),
    *(
        row(
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
        row(
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
    row(
        "botocore.httpsession",
        "URLLib3Session.send",
        "self request",
        "botocore:http_send",
        "guard",
        "requests that take no client, such as those for instance metadata",
    ),
    row(
        "aiobotocore.httpsession",
        "AIOHTTPSession.send",
        "self request",
        "aiobotocore:http_send",
        "guard",
        "requests that take no client, such as those for instance metadata",
    ),
    row(
        "aiobotocore.httpxsession",
        "HttpxSession.send",
        "self request",
        "aiobotocore:http_send",
        "guard",
        "requests that take no client, such as those for instance metadata",
    ),
    row(
        "botocore.session",
        "Session.get_credentials",
        "self",
        "botocore:get_credentials",
        "guard",
        "profiles, SSO and metadata would be asked for real credentials",
    ),
    row(
        "aiobotocore.session",
        "AioSession.get_credentials",
        "self",
        "aiobotocore:get_credentials",
        "guard",
        "profiles, SSO and metadata would be asked for real credentials",
    ),
    row(
        "botocore.credentials",
        "ProcessProvider._retrieve_credentials_using",
        "self credential_process",
        "botocore:run_credential_process",
        "guard",
        "a refresh would run the user's credential_process",
    ),
    row(
        "aiobotocore.credentials",
        "AioProcessProvider._retrieve_credentials_using",
        "self credential_process",
        "botocore:run_credential_process",
        "guard",
        "a refresh would run the user's credential_process",
    ),
    *(
        row(
            f"{dist}.utils",
            f"{prefix}ContainerMetadataFetcher._retrieve_credentials",
            "self full_url extra_headers",
            "botocore:fetch_container_metadata",
            "guard",
            "it would try and sleep three times at an address that nobody answers",
        )
        for dist, prefix in (("botocore", ""), ("aiobotocore", "Aio"))
    ),
    row(
        "boto3.s3.transfer",
        "_should_use_crt",
        "config",
        "boto3:should_use_crt",
        "guard",
        "the CRT does its own HTTP, past every door",
        optional=True,
    ),
    # Entering and leaving.
    row(
        "botocore.session",
        "Session.__init__",
        "self session_vars event_hooks include_builtin_handlers profile",
        "botocore:session_init",
        "state",
        "the first session starts the ambient mock",
    ),
    row(
        "botocore.signers",
        "RequestSigner.get_auth_instance",
        "self signing_name region_name signature_version request_credentials",
        "botocore:get_auth_instance",
        "state",
        "a client that was made without any credentials signs with the mock's",
    ),
    row(
        "aiobotocore.signers",
        "AioRequestSigner.get_auth_instance",
        "self signing_name region_name signature_version request_credentials",
        "aiobotocore:get_auth_instance",
        "state",
        "a client that was made without any credentials signs with the mock's",
    ),
    row(
        "moto.core.models",
        "MockAWS.start",
        "self reset",
        "moto:start",
        "state",
        "moto restores the environment and the default session wrongly out of order",
    ),
    row(
        "moto.core.models",
        "MockAWS.stop",
        "self remove_data",
        "moto:stop",
        "state",
        "moto restores the environment and the default session wrongly out of order",
    ),
    row(
        "moto.core.models",
        "MockAWS._decorate_callable",
        "self func reset remove_data",
        "moto:decorate_callable",
        "state",
        "moto's mock ends before the body of a coroutine or generator has run",
    ),
    row(
        "moto.core.models",
        "MockAWS._decorate_class",
        "self klass",
        "moto:decorate_mocked_class",
        "state",
        "moto does not know asyncSetUp",
    ),
)
