"""The finder that hands freshly imported target modules to the patch table.

It lives at the front of ``sys.meta_path`` and lets every other finder do the finding. Patching
happens in ``exec_module``, under the import lock of that one module: ``find_spec`` runs under
the global import lock and must do nothing but look a name up.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

# The modules of the patch table, written out so that starting up need not import the table;
# a test holds the two together. `load_plugins` adds those of third-party distributions.
TARGETS = {
    "aiobotocore",
    "aiobotocore.client",
    "aiobotocore.credentials",
    "aiobotocore.endpoint",
    "aiobotocore.hooks",
    "aiobotocore.httpchecksum",
    "aiobotocore.httpsession",
    "aiobotocore.httpxsession",
    "aiobotocore.session",
    "aiobotocore.signers",
    "aiobotocore.utils",
    "boto3",
    "boto3.s3.transfer",
    "botocore",
    "botocore.client",
    "botocore.configprovider",
    "botocore.credentials",
    "botocore.endpoint",
    "botocore.endpoint_provider",
    "botocore.hooks",
    "botocore.httpchecksum",
    "botocore.httpsession",
    "botocore.loaders",
    "botocore.session",
    "botocore.signers",
    "botocore.useragent",
    "botocore.utils",
    "moto",
    "moto.core",
    "moto.core.authorization",
    "moto.core.botocore_stubber",
    "moto.core.models",
    "moto.core.responses",
    "moto.moto_api._internal.moto_random",
    "moto.moto_api._internal.recorder.models",
    "moto.moto_server.werkzeug_app",
    "moto.s3.models",
    "moto.s3.responses",
    "moto.sqs.models",
    "moto.swf.models",
    "pandas",
    "pandas.io.orc",
    "pandas.io.parquet",
    "s3fs",
    "s3fs.core",
}

# More of them, which programs import that have nothing to do with AWS: watched for as soon as
# there has been a client, a mock or the wish for one, and looked up when the first mock starts.
COMMON = {
    "aiohttp",
    "aiohttp.connector",
    "daft",
    "daft.dataframe.dataframe",
    "daft.io._blob",
    "daft.io._csv",
    "daft.io._files",
    "daft.io._json",
    "daft.io._parquet",
    "daft.io._text",
    "daft.io._warc",
    "daft.io.delta_lake._deltalake",
    "daft.io.delta_lake.delta_lake_write",
    "daft.io.file_path",
    "daft.io.iceberg._iceberg",
    "daft.io.lance._lance",
    "daft.session",
    "daft.sql.sql",
    "deltalake",
    "deltalake.table",
    "deltalake.writer.convert_to",
    "deltalake.writer.writer",
    "duckdb",
    "http",
    "http.client",
    "httpcore",
    "httpcore._async.connection_pool",
    "httpcore._sync.connection_pool",
    "httpcore2",
    "httpcore2._async.connection_pool",
    "httpcore2._sync.connection_pool",
    "lance",
    "lance.dataset",
    "lance.file",
    "lance.fragment",
    "obstore",
    "obstore.store",
    "polars",
    "polars.dataframe.frame",
    "polars.io.csv.functions",
    "polars.io.ipc.functions",
    "polars.io.lance.api",
    "polars.io.lines",
    "polars.io.ndjson",
    "polars.io.parquet.functions",
    "polars.lazyframe.frame",
    "polars.sql.context",
    "pyarrow",
    "pyarrow._fs",
    "pyarrow._s3fs",
    "pyarrow.fs",
    "pyiceberg",
    "pyiceberg.io.pyarrow",
    "urllib3",
    "urllib3.connection",
}


class Finder:
    """Finds nothing itself: wraps the loader that the finders behind it found for a target."""

    def find_spec(
        self,
        name: str,
        path: "Sequence[str] | None" = None,
        target: "ModuleType | None" = None,
    ) -> "ModuleSpec | None":
        """Return the spec of a target module with its loader wrapped, None for all others."""
        if name not in TARGETS:
            return None
        behind = sys.meta_path[sys.meta_path.index(self) + 1 :] if self in sys.meta_path else ()
        for finder in behind:
            find_spec = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find_spec and find_spec(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = Loader(spec.loader)  # type: ignore[assignment]
                return spec
        return None


class Loader:
    """Stands in for a loader until its module is executed, then patches the module."""

    def __init__(self, loader: "Any") -> None:
        self._aiomoto_loader = loader

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """Claim the class of the real loader, for code that asks ``isinstance``."""
        return type(self._aiomoto_loader)

    def __getattr__(self, name: str) -> "Any":
        """Everything else is the real loader's."""
        return getattr(self._aiomoto_loader, name)

    def __reduce__(self) -> "tuple[Any, ...]":
        """Copy and pickle as what it is, not as the real loader whose class it claims."""
        return Loader, (self._aiomoto_loader,)

    def create_module(self, spec: "ModuleSpec") -> "ModuleType | None":
        """Let the real loader create the module."""
        module: ModuleType | None = self._aiomoto_loader.create_module(spec)
        return module

    def exec_module(self, module: "ModuleType") -> None:
        """Execute the module as if we were not there, then apply its patches."""
        loader = self._aiomoto_loader
        # Both together: CPython warns where __loader__ and __spec__.loader differ.
        module.__loader__ = loader
        if module.__spec__ is not None:
            module.__spec__.loader = loader
        loader.exec_module(module)
        _bind(module)
        from aiomoto import _patches  # may load wrapt: never at start-up

        keep_in_front()
        _patches.apply(module)
        TARGETS.update(_patches.modules())  # moto's patches load those of third parties


def _bind(module: "ModuleType") -> None:
    """Make a module an attribute of its package, a moment before the import system does.

    What a patch imports may ask for it: http.client's patch loads users of http.client.
    """
    package, _, name = module.__name__.rpartition(".")
    if package in sys.modules:
        setattr(sys.modules[package], name, sys.modules.get(module.__name__, module))


finder = Finder()


def install() -> None:
    """Put the finder in front, if it is not on ``sys.meta_path``."""
    if finder not in sys.meta_path:
        sys.meta_path.insert(0, finder)


def uninstall() -> None:
    """Take the finder away again."""
    if finder in sys.meta_path:
        sys.meta_path.remove(finder)


class Front:
    """A slot that has the finder at the front of ``sys.meta_path``.

    Always by a new list: in one that changes, a thread in the middle of an import would skip a
    finder.
    """

    def get(self) -> "list[Any]":
        """Return the list itself, which is to be ``sys.meta_path`` again."""
        return sys.meta_path

    def set(self, before: "list[Any] | None") -> None:
        """Put the finder in front, or back to where it was in the list before."""
        finders = [other for other in sys.meta_path if other is not finder]
        if before is None:
            sys.meta_path = [finder, *finders]
            return
        if finder in before:
            finders.insert(before.index(finder), finder)
        if finders != before:
            before[:] = finders
        sys.meta_path = before


front = Front()


def keep_in_front() -> None:
    """Have the finder in front while a mock is active: no import may pass it then.

    Not where no ``.pth`` has put it on ``sys.meta_path``, nor where another finder stands before
    it (pytest's, when it is asked to rewrite aiobotocore).
    """
    from aiomoto._activation import state

    state.wear(front, None)


def load_plugins() -> None:
    """Watch for the targets of third-party distributions too."""
    from aiomoto import _patches  # reads package metadata: never at start-up

    _patches.load_plugins()
    TARGETS.update(_patches.modules())
