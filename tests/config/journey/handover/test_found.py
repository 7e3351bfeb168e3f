"""What counts as found, and what must not be there."""

from typing import Any

from accounts.models import User
from config.journey.handover.found import count
from config.journey.handover.promised import Promised
from config.journey.handover.subjects import USERS
from legacy_json.keys import Key


def looked_for(promised: Promised, **texts: str) -> tuple[int, list[str]]:
    """texts: of records by their key, as k1."""
    records: dict[Key, Any] = {
        int(name[1:]): User(pk=int(name[1:]), last_checked_match_id=text) for name, text in texts.items()
    }
    wrong: list[str] = []
    return count(USERS, promised, records, "JSON", wrong), wrong


def test_an_acknowledged_write_is_found_in_all_of_its_records() -> None:
    promised = Promised(acknowledged={"demo1.1": [1, 2], "demo1.2": [2]})
    assert looked_for(promised, k1="1-abc demo1.1", k2="demo1.1 demo1.2") == (2, [])


def test_one_that_is_in_half_of_them_is_lost() -> None:
    number, wrong = looked_for(Promised(acknowledged={"demo1.1": [1, 2]}), k1="demo1.1", k2="demo1.9")
    assert (number, wrong) == (0, ["demo1.1, a write of users [2], is not in JSON."])


def test_one_of_a_record_that_is_gone_is_lost_unless_it_may_be_gone() -> None:
    acknowledged: dict[str, list[Key]] = {"demo1.1": [1]}
    assert looked_for(Promised(acknowledged))[0] == 0
    assert looked_for(Promised(acknowledged, deleted={1: "demo1.2"})) == (2, [])
    assert looked_for(Promised(acknowledged, perhaps={1})) == (1, [])


def test_what_was_kept_is_found_in_whatever_record() -> None:
    promised = Promised(acknowledged={"demo1.1": []})
    assert looked_for(promised, k5="demo1.1") == (1, [])
    assert looked_for(promised) == (0, ["demo1.1, a write of users kept, is not in JSON."])


def test_what_was_deleted_must_not_be_there() -> None:
    number, wrong = looked_for(Promised(deleted={1: "demo1.2"}), k1="demo1.1")
    assert (number, wrong) == (0, ["users 1 was deleted, and is in JSON."])


def test_what_was_refused_must_not_be_there() -> None:
    assert looked_for(Promised(refused={"demo1.1"}), k1="demo1.1")[1] == ["demo1.1 was refused, and is in JSON."]


def test_nothing_may_be_there_twice() -> None:
    promised = Promised(acknowledged={"demo1.1": [1]})
    assert looked_for(promised, k1="demo1.1 demo1.1")[1] == ["demo1.1 is twice in a record of JSON."]
