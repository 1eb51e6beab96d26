"""The rows of role ``speed``: the same results in less time, while a mock is active.

Their `why` says what each gained when it was made, in processor time on one machine.
"""

from __future__ import annotations

from aiomoto._patches.rows import RANGES, SOME, Row

# What follows the newest versions that the differential test has run on: beyond them these rows
# are left out.
NEWEST = {
    "aiobotocore": (3, 10, 1),
    "botocore": (1, 43, 118),
    "moto": (5, 2, 6),
}


def _row(  # noqa: PLR0913, PLR0917  # a row has this many fields
    module: str,
    target: str,
    params: str,
    wrapper: str,
    why: str,
    low: tuple[int, ...] | None = None,
) -> Row:
    dist = module.partition(".")[0]
    return Row(
        module,
        target,
        tuple(params.split()),
        f"aiomoto._patches.{wrapper}",
        "speed",
        why,
        low or RANGES[dist][0],
        NEWEST[dist],
    )


_MOTO = (5, 2, 5)  # the one whose steps the wrapper repeats

ROWS: tuple[Row, ...] = (
    # A new session and client.
    _row(
        "botocore.loaders",
        "JSONFileLoader._load_file",
        "self full_path open_method",
        "speed_models:load_file",
        "every session parses the same models again: 70 % of a new session and client",
    ),
    _row(
        "botocore.loaders",
        "Loader.list_available_services",
        "self",
        "speed_models:list_services",
        "400 folders are walked for each session: 16 % of a new session and client",
    ),
    _row(
        "botocore.hooks",
        "EventAliaser.__init__",
        "self event_emitter event_aliases",
        "speed_events:aliaser_init",
        "120 aliases are tried for each name of an event and client: 1.5 % of a whole test",
    ),
    _row(
        "botocore.hooks",
        "_PrefixTrie.__copy__",
        "self",
        "speed_events:copy_trie",
        "all handlers of a session are copied for each client: 1 % of a new session and client",
    ),
    *(
        _row(
            "botocore.hooks",
            f"_PrefixTrie.{name}",
            params,
            "speed_events:change_trie",
            "a trie that shares its nodes must not change them in the others",
        )
        for name, params in (
            ("append_item", "self key value section"),
            ("remove_item", "self key value"),
        )
    ),
    _row(
        "botocore.session",
        "Session._register_builtin_handlers",
        "self events",
        "speed_events:register_builtin_handlers",
        "130 handlers are registered with each session: 1 % of a new session and client",
    ),
    _row(
        "botocore.client",
        "ClientCreator._create_methods",
        "self service_model",
        "speed_clients:create_methods",
        "a model is made of each operation of a service: 2 % of a new session and client",
    ),
    *(
        _row(
            f"{dist}.client",
            f"{prefix}ClientCreator._register_endpoint_discovery",
            "self client endpoint_url config",
            "speed_clients:register_discovery",
            "models of all operations are made to look for one trait: 2 % of a new client",
        )
        for dist, prefix in (("botocore", ""), ("aiobotocore", "Aio"))
    ),
    _row(
        "botocore.endpoint_provider",
        "EndpointProvider.__init__",
        f"{SOME} self ruleset_data partition_data",
        "speed_clients:provider_init",
        "400 rules are made for each S3 client: 5 % of a new session and client",
    ),
    _row(
        "botocore.endpoint_provider",
        "RuleSet.evaluate",
        "self input_parameters",
        "speed_clients:evaluate",
        "each client finds its endpoints again: 0.5 % of a whole test",
    ),
    _row(
        "botocore.httpsession",
        "URLLib3Session._get_ssl_context",
        "self",
        "speed_clients:get_ssl_context",
        "OpenSSL makes one for each client, and none is used: 0.6 % of a new session and client",
    ),
    # Entering a mock.
    _row(
        "moto.core.models",
        "MockAWS._enable_patching",
        "self reset",
        "speed_moto:enable_patching",
        "each mock registers 1,300 callbacks, which few use: 90 % of entering one",
        _MOTO,
    ),
    # A request.
    _row(
        "moto.core.botocore_stubber",
        "BotocoreStubber.process_request",
        "self request",
        "speed_moto:process_request",
        "a service's URLs are put together and compiled for each request: 10 % of an S3 put",
        _MOTO,
    ),
    _row(
        "moto.s3.models",
        "reload",
        "module",
        "speed_moto:reload",
        "a module is executed twice for each S3 request, from its file: 8 % of an S3 put",
        _MOTO,
    ),
    _row(
        "moto.s3.responses",
        "S3Response.subdomain_based_buckets",
        "request",
        "speed_moto:subdomain_based_buckets",
        "six times the same question in each S3 request: 5 % of an S3 put",
        _MOTO,
    ),
    _row(
        "moto.core.responses",
        "method_names_from_class",
        "clazz",
        "speed_moto:method_names",
        "the members of a class are inspected for each request: 10 % of a DynamoDB put",
    ),
    _row(
        "moto.moto_api._internal.moto_random",
        "MotoRandom.get_random_string",
        "self length include_digits lower_case",
        "speed_moto:get_random_string",
        "52 random letters for each answer's id: 3 % of a DynamoDB put",
    ),
    _row(
        "botocore.useragent",
        "UserAgentString.to_string",
        "self",
        "speed_requests:user_agent",
        "the same user agent is spelled for each request, twice: 10 % of an S3 put",
    ),
    _row(
        "botocore.utils",
        "_parse_timestamp_with_tzinfo",
        "value tzinfo",
        "speed_answers:parse_timestamp",
        "a free-form parser takes each date of an answer apart: 8 % of an S3 get",
    ),
    _row(
        "aiobotocore.hooks",
        "resolve_awaitable",
        "obj",
        "speed_events:resolve_awaitable",
        "coroutines for each handler's None: 2 % of a DynamoDB put by aiobotocore",
    ),
    # Large bodies.
    _row(
        "botocore.httpchecksum",
        "AwsChunkedWrapper.read",
        "self size",
        "speed_bodies:read",
        "appends chunk by chunk, which copies quadratically: 45 % of a put of 64 MB",
    ),
    _row(
        "aiobotocore.httpchecksum",
        "AioAwsChunkedWrapper.read",
        "self size",
        "speed_bodies:read_async",
        "appends chunk by chunk, which copies quadratically: 45 % of a put of 64 MB",
        (2, 13, 2),  # before it there is botocore's
    ),
    _row(
        "moto.s3.responses",
        "S3Response._handle_encoded_body",
        "self body",
        "speed_bodies:decode",
        "the same again: 40 % of a put of 64 MB",
        _MOTO,
    ),
    _row(
        "moto.core.botocore_stubber",
        "normalize_request",
        "request",
        "speed_requests:normalize_request",
        "werkzeug builds each request anew, with its URL: 7 % of an S3 put",
        _MOTO,
    ),
    _row(
        "moto.s3.models",
        "FakeKey.__init__",
        "self name value account_id region_name storage etag is_versioned version_id "
        "max_buffer_size multipart bucket_name encryption kms_key_id bucket_key_enabled lock_mode "
        "lock_legal_status lock_until checksum_value checksum_type checksum_parts",
        "speed_bodies:key_init",
        "large objects go to a file and back: 7 % of a put and 60 % of a get of 64 MB",
        _MOTO,
    ),
)
