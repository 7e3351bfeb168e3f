from __future__ import annotations

import pytest

from migration_control.mirroring import parking
from migration_control.wording import counted, first_line


@pytest.mark.parametrize(("number", "said"), [(0, "0 keys"), (1, "1 key"), (2000, "2,000 keys")])
def test_one_is_singular_and_all_else_plural(number: int, said: str) -> None:
    assert counted(number, "key") == said


def test_a_word_may_have_a_plural_of_its_own() -> None:
    assert counted(1, "entry", "entries") == "1 entry"
    assert counted(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(("number", "said"), [(1, "1 key is parked"), (1200, "1,200 keys are parked")])
def test_parked_keys_are_told_as_a_sentence(number: int, said: str) -> None:
    assert parking.told(number).startswith(said)


def test_of_a_database_s_message_only_the_fact_is_told() -> None:
    assert first_line(ValueError("\nthe disk is full\nHINT: clear it")) == "the disk is full"
