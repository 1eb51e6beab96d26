"""What type checkers must find: mypy checks this file, nothing runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING

from typing_extensions import assert_type

from aiomoto import MockAWS, mock_aws, mock_aws_decorator

if TYPE_CHECKING:
    from moto.core.config import DefaultConfig

config: DefaultConfig = {"core": {"mock_credentials": False}}


@mock_aws
def plain(name: str, *, size: int = 1) -> bytes:
    return name.encode() * size


@mock_aws(config=config, reset=False, remove_data=False)
async def coroutine(name: str) -> int:
    return len(name)


@mock_aws_decorator
def generator() -> Iterator[int]:
    yield 1


@mock_aws_decorator()
async def async_generator() -> AsyncIterator[int]:
    yield 1


@mock_aws()
class Case:
    size = 1


def use() -> None:
    assert_type(plain("a", size=2), bytes)
    plain(1)  # type: ignore[arg-type]
    assert_type(generator, Callable[[], Iterator[int]])
    assert_type(async_generator, Callable[[], AsyncIterator[int]])
    assert_type(Case().size, int)
    with mock_aws() as mock:
        assert_type(mock, MockAWS)
        mock.reset()
    mock.start(reset=False)
    mock.stop(remove_data=False)


async def use_async() -> None:
    assert_type(await coroutine("a"), int)
    async with mock_aws(config=config) as mock:
        assert_type(mock, MockAWS)
