"""A short soak finds nothing; one of broken code finds it. Processes, servers and folders of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.soak.mutations import MUTATIONS

FOLDER = Path(__file__).parents[2]


def soak(*arguments: str) -> tuple[int, dict[str, Any], str]:
    command = [sys.executable, "-m", "tests.soak", "--json", *arguments]
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    done = subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True, timeout=400)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def test_a_short_soak_violates_nothing() -> None:
    status, figures, told = soak("--seed", "20", "--seconds", "30", "--pause", "0.4")
    assert status == 0, told
    assert figures["violations"] == 0
    assert figures["faults"] > 20
    assert figures["moves"] > 0


@pytest.mark.parametrize("mutation", ["fence-not-looked-at", "remainder-left"])
def test_a_soak_of_broken_code_finds_violations(mutation: str) -> None:
    status, figures, told = soak("--seed", "21", "--seconds", "15", "--pause", "0", "--mutation", mutation)
    assert status == 1
    assert figures["violations"] > 0
    assert "ms  " in told


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_a_mutation_breaks_is_there(name: str) -> None:
    command = f"import django; django.setup(); from tests.soak.mutations import apply; apply({name!r})"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    subprocess.run([sys.executable, "-c", command], cwd=FOLDER, env=environment, check=True)
