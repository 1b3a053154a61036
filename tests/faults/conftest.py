"""A server that is not hurt itself, for the faults that only concern a client."""

from collections.abc import Iterator

import pytest

from tests import servers


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """One server for the tests of a file."""
    with servers.Server(tmp_path_factory.mktemp("shared")) as server:
        yield server
