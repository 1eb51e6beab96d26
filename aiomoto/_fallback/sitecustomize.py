"""Starts aiomoto's hook where its ``.pth`` is not read, then runs the user's sitecustomize."""

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

from aiomoto import _startup

_startup.main()

_here = os.path.dirname(os.path.abspath(__file__))
_spec = PathFinder.find_spec(
    "sitecustomize", [path for path in sys.path if os.path.abspath(path) != _here]
)
if _spec is not None and _spec.loader is not None:
    sys.modules["sitecustomize"] = _module = module_from_spec(_spec)
    _spec.loader.exec_module(_module)
