"""The rows of role ``speed``: the same results in less time, while a mock is active.

Their `why` says what each gained when it was made, in processor time on one machine.
"""

from __future__ import annotations

from aiomoto._patches.rows import RANGES, Row

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
        "",
    ),
    _row(
        "botocore.loaders",
        "Loader.list_available_services",
        "self",
        "speed_models:list_services",
        "",
    ),
    _row(
        "botocore.hooks",
        "EventAliaser.__init__",
        "self event_emitter event_aliases",
        "speed_events:aliaser_init",
        "",
    ),
    _row("botocore.hooks", "_PrefixTrie.__copy__", "self", "speed_events:copy_trie", ""),
    *(
        _row("botocore.hooks", f"_PrefixTrie.{name}", params, "speed_events:change_trie", "")
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
        "",
    ),
    _row(
        "botocore.client",
        "ClientCreator._create_methods",
        "self service_model",
        "speed_clients:create_methods",
        "",
    ),
    *(
        _row(
            f"{dist}.client",
            f"{prefix}ClientCreator._register_endpoint_discovery",
            "self client endpoint_url config",
            "speed_clients:register_discovery",
            "",
        )
        for dist, prefix in (("botocore", ""), ("aiobotocore", "Aio"))
    ),
    _row(
        "botocore.endpoint_provider",
        "EndpointProvider.__init__",
        "self ruleset_data partition_data excluded_params",
        "speed_clients:provider_init",
        "",
    ),
    _row(
        "botocore.endpoint_provider",
        "RuleSet.evaluate",
        "self input_parameters",
        "speed_clients:evaluate",
        "",
    ),
    _row(
        "botocore.httpsession",
        "URLLib3Session._get_ssl_context",
        "self",
        "speed_clients:get_ssl_context",
        "",
    ),
    # Entering a mock.
    _row(
        "moto.core.models",
        "MockAWS._enable_patching",
        "self reset",
        "speed_moto:enable_patching",
        "",
        _MOTO,
    ),
    # A request.
    _row(
        "moto.core.botocore_stubber",
        "BotocoreStubber.process_request",
        "self request",
        "speed_moto:process_request",
        "",
        _MOTO,
    ),
    _row("moto.s3.models", "reload", "module", "speed_moto:reload", "", _MOTO),
    _row(
        "moto.s3.responses",
        "S3Response.subdomain_based_buckets",
        "request",
        "speed_moto:subdomain_based_buckets",
        "",
        _MOTO,
    ),
    _row(
        "moto.core.responses",
        "method_names_from_class",
        "clazz",
        "speed_moto:method_names",
        "",
    ),
    _row(
        "moto.moto_api._internal.moto_random",
        "MotoRandom.get_random_string",
        "self length include_digits lower_case",
        "speed_moto:get_random_string",
        "",
    ),
    _row(
        "botocore.useragent",
        "modify_components",
        "components",
        "speed_clients:render_components",
        "",
    ),
    _row("aiobotocore.hooks", "resolve_awaitable", "obj", "speed_events:resolve_awaitable", ""),
    # Large bodies.
    _row(
        "botocore.httpchecksum",
        "AwsChunkedWrapper.read",
        "self size",
        "speed_bodies:read",
        "",
    ),
    _row(
        "aiobotocore.httpchecksum",
        "AioAwsChunkedWrapper.read",
        "self size",
        "speed_bodies:read_async",
        "",
    ),
    _row(
        "moto.s3.responses",
        "S3Response._handle_encoded_body",
        "self body",
        "speed_bodies:decode",
        "",
        _MOTO,
    ),
    _row(
        "moto.core.botocore_stubber",
        "normalize_request",
        "request",
        "speed_bodies:normalize_request",
        "",
        _MOTO,
    ),
    _row(
        "moto.s3.models",
        "FakeKey.__init__",
        "self name value account_id region_name storage etag is_versioned version_id "
        "max_buffer_size multipart bucket_name encryption kms_key_id bucket_key_enabled lock_mode "
        "lock_legal_status lock_until checksum_value checksum_type checksum_parts",
        "speed_bodies:key_init",
        "",
        _MOTO,
    ),
)
