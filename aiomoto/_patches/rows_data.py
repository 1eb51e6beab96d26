"""The rows of data libraries: what leads them to the mock, and ends what they keep of it."""

from __future__ import annotations

from aiomoto._patches.rows import Row, row

ROWS: tuple[Row, ...] = (
    *(
        row(
            "s3fs.core",
            f"S3FileSystem.{target}",
            "self refresh kwargs",
            f"s3fs:{target}",
            "state",
            "a client would outlive its mock, or reach AWS with a client of before",
        )
        for target in ("set_session", "connect")
    ),
    row(
        "s3fs.core",
        "S3File.__init__",
        "self s3 path mode block_size acl version_id fill_cache s3_additional_kwargs autocommit "
        "cache_type requester_pays cache_options size",
        "s3fs:file_init",
        "state",
        "a file that a failed test left open would be uploaded to AWS when it is collected",
    ),
    row(
        "pandas.io.parquet",
        "_get_path_or_handle",
        "path fs storage_options mode is_dir",
        "pandas:get_path_or_handle",
        "reader",
        "pyarrow would read and write s3:// URLs natively",
    ),
    row(
        "pandas.io.orc",
        "is_fsspec_url",
        "url",
        "pandas:is_fsspec_url",
        "reader",
        "pyarrow would read s3:// URLs natively",
    ),
)
