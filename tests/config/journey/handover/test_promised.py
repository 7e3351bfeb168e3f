"""From notes to what has to be in the stores at the end."""

from config.journey.handover.notes import Begun, Ended, Note
from config.journey.handover.promised import Promised, Promises


def promised(*notes: Note) -> Promised:
    promises = Promises()
    for note in notes:
        promises.take(note)
    return promises.all()["users"]


def test_what_was_acknowledged_is_promised_with_its_keys() -> None:
    found = promised(Begun("a", "update_many", "users", [1, 2]), Ended("a", "acknowledged", 0.1, [1, 2]))
    assert (found.acknowledged, found.count, found.keys) == ({"a": [1, 2]}, 1, [1, 2])


def test_what_was_kept_is_promised_wherever_it_will_be() -> None:
    assert promised(Begun("a", "append", "users", []), Ended("a", "kept", 0.1)).acknowledged == {"a": []}


def test_a_deletion_promises_that_the_key_is_gone() -> None:
    found = promised(Begun("a", "delete", "users", [1]), Ended("a", "acknowledged", 0.1, [1]))
    assert (found.deleted, found.acknowledged, found.count) == ({1: "a"}, {}, 1)


def test_a_refusal_promises_that_nothing_of_it_is_there() -> None:
    assert promised(Begun("a", "update", "users", [1]), Ended("a", "refused", 0.1, error="Moving")).refused == {"a"}


def test_what_was_cut_off_promises_nothing() -> None:
    found = promised(
        Begun("a", "update", "users", [1]),
        Begun("b", "delete", "users", [2]),
        Begun("c", "update", "users", [3]),
        Ended("c", "unknown", 0.1, error="OutcomeUnknown"),
    )
    assert (found.count, found.unknown, found.perhaps) == (0, {"a", "b", "c"}, {2})
