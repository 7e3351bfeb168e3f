"""A page of tables, and what its names are in this project."""

from __future__ import annotations

import importlib
import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management import get_commands, load_command_class

from config.environment import BASE_DIR
from tests.conftest import project_variables

DOCS = BASE_DIR / "docs"
_setting = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+").fullmatch
_dotted = re.compile(r"[a-z_]+(\.\w+)*").fullmatch
_check = re.compile(r"(switchyard|migration_control)\.[EW]\d{3}").fullmatch
_link = re.compile(r"\[[^\]]*\]\(([^)]+)\)")
_code = re.compile(r"`([^`]+)`")


class Nowhere(AssertionError):
    """There is no such thing."""


@dataclass(frozen=True)
class Row:
    section: str
    theirs: str
    ours: str
    remark: str

    @property
    def name(self) -> str:
        """Theirs, without code marks, parameters and what stands in brackets."""
        return self.theirs.replace("`", "").partition("(")[0].strip()

    @property
    def parameters(self) -> list[str]:
        inside = re.search(r"\w\(([^)]*)\)", self.theirs)
        return [name.strip() for name in inside[1].split(",") if name.strip()] if inside else []

    @property
    def named(self) -> list[str]:
        return _code.findall(self.ours)

    @property
    def links(self) -> list[str]:
        return _link.findall(self.ours + self.remark)


def rows(page: Path) -> list[Row]:
    found, section = [], ""
    for line in page.read_text().splitlines():
        if line.startswith("## "):
            section = line[3:]
        if line.startswith("|") and not line.startswith(("|---", "| the documents")):
            theirs, ours, remark = (
                cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")
            )
            found.append(Row(section, theirs, ours, remark))
    return found


def resolve(name: str) -> Any:
    """What it is: an object, a setting's name, a command, a path. Raises Nowhere."""
    first, _, rest = name.partition(" ")
    if _check(name):
        return _mentioned(name)
    if first == "make":
        return _target(rest)
    if first in get_commands():
        return _command(first, rest)
    if _setting(name):
        return _variable(name)
    if "/" in name or name.startswith("."):
        return _path(name)
    if _dotted(name):
        return _object(name)
    raise Nowhere(f"{name!r} is no name that this test knows")


def follow(link: str, page: Path) -> None:
    """Raises Nowhere."""
    file, _, anchor = link.partition("#")
    target = page.parent / file if file else page
    if not target.is_file():
        raise Nowhere(f"{link}: there is no {file}")
    headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
    if anchor and anchor not in map(_anchor, headings):
        raise Nowhere(f"{link}: {file} has no such heading")


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _mentioned(check: str) -> str:
    number = check.rpartition(".")[2]
    sources = [*(BASE_DIR / "config").rglob("*.py"), *(BASE_DIR / "migration_control").rglob("*.py")]
    if not any(number in source.read_text() for source in sources):
        raise Nowhere(f"there is no check {check}")
    return check


def _target(name: str) -> str:
    if not re.search(rf"^{re.escape(name)}:", (BASE_DIR / "Makefile").read_text(), re.MULTILINE):
        raise Nowhere(f"there is no make {name}")
    return name


def _command(name: str, rest: str) -> Any:
    app = get_commands()[name]
    command = load_command_class(app, name) if isinstance(app, str) else app
    known = command.create_parser("manage.py", name).format_help()
    for option in re.findall(r"--[a-z-]+", rest):
        if option not in known:
            raise Nowhere(f"{name} has no {option}")
    return command


def _variable(name: str) -> str:
    settings = (BASE_DIR / "config" / "settings.py").read_text() + (BASE_DIR / "config" / "connections.py").read_text()
    if name not in project_variables() or f'"{name}"' not in settings:
        raise Nowhere(f"{name} is no setting")
    return name


def _path(name: str) -> Path:
    if not (BASE_DIR / name).exists():
        raise Nowhere(f"there is no {name}")
    return BASE_DIR / name


def _object(name: str) -> Any:
    parts = name.split(".")
    for at in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:at]))
        except ModuleNotFoundError:
            continue
        for part in parts[at:]:
            try:
                found = inspect.getattr_static(found, part) if inspect.isclass(found) else getattr(found, part)
            except AttributeError:
                found = getattr(found, "__dataclass_fields__", {}).get(part)
                if found is None:
                    raise Nowhere(f"{name}: nothing has {part}") from None
        return found
    raise Nowhere(f"{name} cannot be imported")
