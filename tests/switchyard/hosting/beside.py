"""A bot with packages of its own and a virtual environment of its own, into which Switchyard is put."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.environment import BASE_DIR

OWN = ("bot", "config", "utils", "services", "adapters", "database")

# Each of the bot's packages says whose it is, and `config` is what the bot itself needs of it.
PACKAGE = 'OWNER = "the bot"\n'
SETTINGS = 'TOKEN = "of the bot"\n\n\nclass Settings:\n    database_url = "sqlite+aiosqlite:///bot.db"\n'

MAIN = """
import asyncio, json, logging, os, signal, sys, time

os.environ["DATABASE_URL"] = "sqlite+aiosqlite:///bot.db"
os.environ["LOG_LEVEL"] = "SILLY"


class Own(logging.StreamHandler):
    pass


logging.basicConfig(level=logging.ERROR, handlers=[Own()])
time.tzset()


def state():
    return {
        "root": [repr(h) for h in logging.getLogger().handlers] + [logging.getLogger().level],
        "signals": [str(signal.getsignal(s)) for s in sorted(signal.valid_signals() - {9, 19})],
        "path": list(sys.path),
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "clock": [time.tzname, time.timezone],
        "disabled": sorted(n for n in list(logging.root.manager.loggerDict) if logging.getLogger(n).disabled),
    }


before = state()
import bot, config, utils, services, adapters, database
from config import TOKEN, Settings
import config.models

own = {module.__name__: module.OWNER for module in (bot, config, utils, services, adapters, database)}
"""

END = """
after = state()
assert before == after, [(name, before[name], after[name]) for name in before if before[name] != after[name]]
from config import TOKEN as again
import config.late

assert sys.modules["config"].OWNER == "the bot" and own == {name: "the bot" for name in own}
ours = [name for name, m in list(sys.modules.items()) if name.split(".")[0] == "config"]
assert sorted(ours) == ["config", "config.late", "config.models"], ours
print(json.dumps(found))
"""


@dataclass
class Beside:
    """folder: the bot's. python: of its own virtual environment. home: of the installation."""

    folder: Path
    python: Path
    home: Path

    def runs(self, body: str, *, expected: int = 0, **variables: str) -> Any:
        """What main.py found, with `body` between the bot's own beginning and end."""
        result = self.starts(MAIN + body + END, **variables)
        assert result.returncode == expected, result.stderr
        return json.loads(result.stdout.splitlines()[-1]) if expected == 0 else result.stderr

    def starts(self, text: str, **variables: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "main.py").write_text(text)
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return subprocess.run(
            [str(self.python), "main.py"],
            cwd=self.folder,
            env=kept
            | {"TZ": "Asia/Tokyo", "SWITCHYARD_HOME": str(self.home), "PYTHONDONTWRITEBYTECODE": "1"}
            | variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def settings(self, **variables: object) -> None:
        """The installation's .env."""
        (self.home / ".env").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))


def laid_out(folder: Path) -> Path:
    folder.mkdir()
    for name in OWN:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(PACKAGE)
    (folder / "config" / "__init__.py").write_text(PACKAGE + SETTINGS)
    for module in ("models", "late"):
        (folder / "config" / f"{module}.py").write_text("from config import TOKEN\n")
    return folder


def virtual_environment(folder: Path, *paths: Path) -> Path:
    """Its python; `paths` are put on its sys.path, and what the tests themselves have installed."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    named = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [*map(str, paths), sysconfig.get_path("purelib")]
    (Path(named.stdout.strip()) / "switchyard.pth").write_text("\n".join(lines) + "\n")
    return python


def wheel(folder: Path) -> Path:
    """Built of a copy of what this tree has, and unpacked as pip unpacks it."""
    source = folder / "source"
    source.mkdir()
    tar = ["tar", "c", "--exclude=.git", "--exclude=./var", "--exclude=__pycache__", "--exclude=.*cache*", "."]
    archive = subprocess.run(tar, cwd=BASE_DIR, capture_output=True, check=True)
    subprocess.run(["tar", "x"], cwd=source, input=archive.stdout, check=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    built = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder), str(source)]
    subprocess.run(built, check=True, capture_output=True)
    installed = folder / "installed"
    (made,) = folder.glob("*.whl")
    into = [*pip, "install", "--no-deps", "--no-index", "--target", str(installed), str(made)]
    subprocess.run(into, check=True, capture_output=True)
    return installed
