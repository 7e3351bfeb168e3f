"""docs/beside-your-bot.md: what it tells an owner to type exists."""

from __future__ import annotations

import re
from configparser import ConfigParser
from importlib import import_module

import pytest
from django.core.management import get_commands, load_command_class

import switchyard.legacy
from config.celery import app
from config.environment import BASE_DIR
from switchyard.example.bot.options import WrongOptions, options
from switchyard.example.bot.texts import COMMANDS, EN, RU
from switchyard.hosting import PACKAGES
from tests.conftest import project_variables
from tests.switchyard.test_texts import fields

PAGE = (BASE_DIR / "docs" / "beside-your-bot.md").read_text(encoding="utf-8")
UNITS = re.findall(r"```ini\n# (\S+)\n(.*?)```", PAGE, re.DOTALL)


def test_each_command_is_one_of_ours() -> None:
    named = set(re.findall(r"\b((?:migration|legacy)_[a-z_]+)\b", PAGE))
    assert named >= {"migration_import", "legacy_take", "legacy_give_back", "migration_rollback"}
    assert named <= set(get_commands())


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("migration_move", ["users", "--to", "dual-write", "--reads", "json", "--reason", "..."]),
        ("migration_rollback", ["users", "--all-the-way"]),
        ("legacy_take", ["data.json"]),
        ("legacy_give_back", ["data.json"]),
    ],
)
def test_a_command_takes_what_the_page_gives_it(command: str, arguments: list[str]) -> None:
    made = load_command_class(get_commands()[command], command)
    made.create_parser("manage.py", command).parse_args(arguments)


def test_each_name_that_is_imported_and_each_variable_exists() -> None:
    for line in re.findall(r"from switchyard\.legacy import ([\w, ]+?)\s*(?:#|\n)", PAGE):
        assert {name.strip() for name in line.split(",")} <= set(switchyard.legacy.__all__)
    for name in ("ProfileManager", "Profile", "DatabaseGirlsAdapter"):
        assert name in switchyard.legacy.__all__
    written = set(re.findall(r"\b(?:LEGACY|MIGRATION|DATABASE|REDIS|MAX|ALLOWED|SECRET)_[A-Z_]+\b", PAGE))
    assert written <= {*project_variables(), "SECRET_KEY", "ALLOWED_HOSTS"}


def test_each_unit_starts_a_program_of_ours() -> None:
    assert [name for name, _ in UNITS] == [
        "switchyard-web.service", "switchyard-worker.service", "switchyard-beat.service", "bot.service",
    ]  # fmt: skip
    for _, text in UNITS:
        unit = ConfigParser(interpolation=None, strict=False)
        unit.optionxform = str  # type: ignore[assignment,method-assign]
        unit.read_string(text)
        words = unit["Service"]["ExecStart"].split()
        if words[0].endswith("gunicorn"):
            assert callable(import_module(words[1]).application)
        elif words[0].endswith("celery"):
            assert words[1:3] == ["-A", app.__module__] or words[1:3] == ["-A", "config.celery"]
        else:
            assert import_module(words[2] + ".__main__").main


def test_the_bots_own_options() -> None:
    given = options({"TELEGRAM_BOT_TOKEN": "1:abc", "TELEGRAM_OWNER_ID": "7"})
    assert given.owner == 7
    assert "abc" not in repr(given)
    with pytest.raises(WrongOptions):
        options({})


def test_the_bot_says_the_same_facts_in_both_languages() -> None:
    assert EN.keys() == RU.keys()
    for code, text in EN.items():
        assert fields(text) == fields(RU[code]), code
    assert COMMANDS["en"].keys() == COMMANDS["ru"].keys()


def test_a_host_in_production_needs_no_aiogram() -> None:
    """Nor what it brings: see decision 38."""
    imports = re.compile(r"^\s*(?:from|import) (?:aiogram|aiohttp|pydantic)\b", re.MULTILINE)
    allowed = ("switchyard/example/bot/", "switchyard/example/telegram/", "config/journey/handover/bot.py", "tests/")
    for package in (*PACKAGES, "config", "switchyard"):
        for path in (BASE_DIR / package).rglob("*.py"):
            if not str(path.relative_to(BASE_DIR)).startswith(allowed):
                assert not imports.search(path.read_text(encoding="utf-8")), path
    assert not re.search("^(aiogram|aiohttp|pydantic)", (BASE_DIR / "requirements.txt").read_text(), re.MULTILINE)
