"""What handlers saw, counted between two looks."""

from config.journey.handover.notes import Begun, Ended, Read
from config.journey.handover.seen import Watcher


def test_calls_are_counted_by_component_and_since_the_last_look() -> None:
    watcher = Watcher()
    watcher.take(Begun("a", "update", "users", [1]))
    watcher.take(Read("matches", 0.5, stale=True))
    watcher.take(Read("matches", 0.1, error="DatabaseAway"))
    first = watcher.seen()
    assert str(first.all) == (
        "2 operations, 1 refused (1 DatabaseAway), 1 stale reads, longest wait 0.50 s"
    )  # fmt: skip
    watcher.take(Ended("a", "acknowledged", 2.0, [1]))
    second = watcher.seen()
    assert (second.of({"users"}).writes, second.of({"matches"}).operations, second.all.longest) == (1, 0, 2.0)
    assert second.wrong == []


def test_an_old_read_and_an_undeclared_error_are_wrong() -> None:
    watcher = Watcher()
    watcher.take(Read("users", 0.1, old="demo1.1"))
    watcher.take(Begun("a", "update", "users", [1]))
    watcher.take(Ended("a", "unknown", 0.1, error="KeyError", undeclared="'x'"))
    seen = watcher.seen()
    assert seen.all.unknown == 1
    assert seen.wrong == [
        "A read of users lacked demo1.1, which had been acknowledged.",
        "a met an error that nobody declared: KeyError: 'x'",
    ]
