"""Every refusal of every service can be said in both languages."""

from __future__ import annotations

import pkgutil
import string
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest

from accounts.errors import AccountTaken, BadNickname
from migration_control.service_errors import ServiceError
from subscriptions.errors import WrongAmount
from subscriptions.services import allowance
from switchyard.texts import LANGUAGES, chosen, en, local, ru, say

APPS = ("accounts", "analytics", "conversations", "matches", "migration_control", "subscriptions", "switchyard")


def every_error() -> set[type[ServiceError]]:
    for app in APPS:
        for module in pkgutil.walk_packages(import_module(app).__path__, f"{app}."):
            if ".migrations." not in module.name:
                import_module(module.name)
    found, looked = set[type[ServiceError]](), [ServiceError]
    while looked:
        below = looked.pop().__subclasses__()
        found.update(below)
        looked += below
    return {error for error in found if error.__module__.partition(".")[0] in APPS}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_code_has_a_text_in_both_languages() -> None:
    codes = {error.code for error in every_error() if error.code}
    codes |= {allowance.LIMIT_REACHED, allowance.UNKNOWN_USER, allowance.TIER_TOO_LOW, allowance.UNKNOWN_FEATURE}
    for name, texts in LANGUAGES.items():
        assert codes - texts.keys() == set(), name
    assert en.TEXTS.keys() == ru.TEXTS.keys()


@pytest.mark.parametrize("code", en.TEXTS)
def test_both_languages_say_the_same_facts(code: str) -> None:
    assert fields(en.TEXTS[code]) == fields(ru.TEXTS[code])
    assert any("а" <= letter <= "я" for letter in ru.TEXTS[code].lower()) or code == "analysis"  # noqa: RUF001
    assert not any("а" <= letter <= "я" for letter in en.TEXTS[code].lower())  # noqa: RUF001


@pytest.mark.parametrize(
    ("error", "part"),
    [(BadNickname("ё", 2, 50), "2 to 50"), (AccountTaken(5, "one"), "account one"), (WrongAmount(5, 199), "199 Stars")],
)
def test_facts_of_a_refusal_are_in_its_text(error: Any, part: str) -> None:
    said = say(error.code, "en", **error.facts)
    assert part in said
    assert "—" not in said


@pytest.mark.parametrize(
    ("language", "is_"),
    [("ru", "ru"), ("ru-RU", "ru"), ("en", "en"), ("de", "en"), ("", "ru"), (None, "ru"), (5, "ru")],
)
def test_of_all_languages_two_are_spoken(language: object, is_: str) -> None:
    assert chosen(language) == is_


def test_a_code_that_nobody_knows_and_a_fact_that_is_missing_are_no_errors() -> None:
    assert say("no-such-code", "en") == en.TEXTS["refused"]
    assert say("wrong-amount", "en") == "The price is — Stars by now. Please ask for a new invoice."
    assert say("account-taken", "en", nickname="{price}") == en.TEXTS["account-taken"].replace("{nickname}", "{price}")


def test_moments_are_shown_in_the_bots_own_zone(settings: Any) -> None:
    settings.BOT_TIME_ZONE = "Europe/Moscow"
    assert local(datetime(2026, 1, 2, 22, 30, tzinfo=UTC)) == "2026-01-03 01:30"
    assert local(None) == ""
