"""A home of its own for servers that a test starts, and an environment that names nothing."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.embedded.place import place
from config.environment import BASE_DIR
from tests.conftest import project_variables

type_of_run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty folder that the servers' account may pass (pytest's own tmp_path is closed to it, started as root)."""
    folder = Path(tempfile.mkdtemp(prefix="switchyard-home-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(place(folder).root, ignore_errors=True)
    shutil.rmtree(folder)


@pytest.fixture
def clean(home: Path) -> dict[str, str]:
    """The process's environment without any variable of the project's but SWITCHYARD_VAR."""
    kept = {name: value for name, value in os.environ.items() if name not in project_variables()}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    return kept | {"SWITCHYARD_VAR": str(home), "ENV_FILE": os.devnull}


@pytest.fixture
def run(clean: dict[str, str]) -> type_of_run:
    """Run `python ...` in the project with the clean environment and the given variables."""

    def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=BASE_DIR,
            env=clean | variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return command
