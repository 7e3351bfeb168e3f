"""What can go wrong with a source. Each message is a fact and its remedy."""

from __future__ import annotations

from pathlib import Path


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
