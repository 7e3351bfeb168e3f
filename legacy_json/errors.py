"""What can go wrong with a source. Each message is a fact and its remedy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from legacy_json.keys import Key, shown


class LegacyError(Exception):
    """Base of everything this package raises on purpose."""


class SourceUnreadable(LegacyError):
    """The file cannot be read whole, so its components stop. It is never taken for empty."""

    def __init__(self, path: Path, reason: str, *, offset: int | None = None, key: str | None = None) -> None:
        self.path, self.reason, self.offset, self.key = path, reason, offset, key
        place = "" if offset is None else f", byte {offset}"
        near = "" if key is None else f", near {key}"
        super().__init__(
            f"{path}{place}{near}: {reason}."
            " Nothing was imported from it; mend the file or restore a copy, then run again."
        )


class SourceMissing(LegacyError):
    """The file or folder is not where it is declared to be: a wrong mount looks just like this."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path} does not exist. Nothing was deleted. Check LEGACY_DIR and the mount;"
            " if the bot really keeps no such data any more, confirm with --confirm-shrink."
        )


class SourceShrank(LegacyError):
    """The file holds none, or far fewer, of the records that it held before."""

    def __init__(self, path: Path, component: str, before: int, now: int) -> None:
        self.path, self.component, self.before, self.now = path, component, before, now
        holds = f"only {now} of the {before} {component} that it held before" if before else f"no {component}"
        super().__init__(
            f"{path} holds {holds}. Nothing was deleted."
            " If that is right, confirm with --confirm-shrink; else check LEGACY_DIR and the mount."
        )


class SourceUnstable(LegacyError):
    """Its writer kept changing the file while we read it. Worth another try soon."""

    def __init__(self, path: Path, tries: int) -> None:
        self.path = path
        super().__init__(f"{path} changed during each of {tries} readings. It will be read again at the next run.")


class StoreBusy(LegacyError):
    """Another process held the store's lock past the deadline."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__(f"{path} was locked by another process for more than {seconds:g} s. Try again.")


class IndexUnwritable(LegacyError):
    """The index cannot be written just now: its disk is full, or its folder read-only."""


class IndexUnusable(LegacyError):
    """The index is not a database this release can use."""


class NewerRelease(IndexUnusable):
    """Something stands here that this release does not know. It neither reads past it nor writes."""

    def __init__(self, fact: str) -> None:
        super().__init__(
            f"{fact}, which this release does not know: a newer one was at work here. Nothing was written. Start that"
            " release, or a newer one; stop this one."
        )


class NotOurs(LegacyError):
    """The bot writes the file: whatever we wrote there, it would overwrite."""

    def __init__(self, source: str) -> None:
        self.source = source
        super().__init__(
            f"{source} belongs to the bot that writes it; nothing was written. Stop the bot, then take the file over:"
            f" manage.py legacy_take '{source}'"
        )


class NotReadYet(LegacyError):
    """Whether there are such records nobody knows: their files were never read whole, or the index was lost."""

    def __init__(self, component: str) -> None:
        self.component = component
        super().__init__(
            f"The index has never read {component}, and does not know what there is. Nothing was written."
            " Import it, or legacy_take its file, first."
        )


class RecordRefused(LegacyError):
    """Nothing was written. Base of what any store refuses about one record."""

    def __init__(self, component: str, key: Key | None, message: str) -> None:
        self.component, self.key = component, key
        super().__init__(message)


class Stale(RecordRefused):
    """It was read at a version that it no longer has."""

    def __init__(self, component: str, key: Key, read_at: int, now: int) -> None:
        self.read_at, self.now = read_at, now
        super().__init__(
            component,
            key,
            f"{component} {key!r} was read at version {read_at} and is at {now} now."
            " Read it again and repeat the change, or make it with update().",
        )


class AlreadyThere(RecordRefused):
    def __init__(self, component: str, key: Key) -> None:
        super().__init__(component, key, f"{component} {key!r} exists already. Change it with update().")


class NotThere(RecordRefused):
    def __init__(self, component: str, key: Key) -> None:
        super().__init__(
            component, key, f"There is no {component} {key!r}, or it was deleted meanwhile. Make it with create()."
        )


class ValueTaken(RecordRefused):
    """holder: the key of the record that has the value; None if it let go of it meanwhile."""

    def __init__(self, component: str, key: Key, name: str, value: object, holder: Key | None) -> None:
        self.name, self.value, self.holder = name, value, holder
        who = "another record" if holder is None else repr(holder)
        super().__init__(
            component,
            key,
            f"{name} {shown(value)} of {component} {key!r} belongs to {who}."
            " Choose another value, or free that one first (several keys in one update_many() may swap).",
        )


class KeyReserved(RecordRefused):
    """A quarantined document has the key."""

    def __init__(self, component: str, key: Key, reason: str) -> None:
        self.reason = reason
        super().__init__(
            component,
            key,
            f"{component} {key!r} is kept for a document in quarantine ({reason})."
            " Repair that document, or delete it from the file, and import it again.",
        )


class NotALookup(RecordRefused, LookupError):
    def __init__(self, component: str, name: str, declared: Sequence[str]) -> None:
        self.name, self.declared = name, tuple(declared)
        super().__init__(
            component,
            None,
            f"{component} cannot be found by {name!r}. Declared are: {', '.join(declared) or 'none'};"
            " declare it in the component's lookups.",
        )


class NotTheAuthority(RecordRefused):
    """The other store is: nothing was written here. The router asks who is, and repeats it there."""

    def __init__(self, component: str, store: str) -> None:
        self.store = store
        super().__init__(
            component, None, f"The {store} store is not the authority for {component}. Write through the router."
        )


class FenceClosed(NotTheAuthority):
    """A move has closed the JSON store to writes, or is about to."""

    def __init__(self, component: str, state: str, epoch: int) -> None:
        self.state, self.epoch = state, epoch
        super().__init__(component, "JSON")


class Pruned(RecordRefused):
    """It lies below the component's floor."""

    def __init__(self, component: str, key: Key, floor: Key) -> None:
        super().__init__(
            component,
            key,
            f"{component} {key!r} lies below {floor!r}, where everything was pruned. Nothing is kept there.",
        )


class Unholdable(RecordRefused):
    """JSON has no way to write one of its values."""

    def __init__(self, component: str, key: Key, reason: str) -> None:
        super().__init__(component, key, f"{component} {key!r} holds a value that JSON cannot write ({reason}).")


class NotItsKey(RecordRefused):
    """In the file the document would be another key's record, or nobody's."""

    def __init__(self, component: str, key: Key, fact: str) -> None:
        super().__init__(
            component,
            key,
            f"The document of {component} {key!r} {fact}, and the file knows it by nothing else. Write the key there.",
        )
