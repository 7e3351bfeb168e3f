"""What the router says when it cannot serve. Each message is a fact and its remedy."""

from __future__ import annotations


class RouterError(Exception):
    """Base of these. Nothing was written, unless the message says otherwise."""

    def __init__(self, component: str, message: str) -> None:
        self.component = component
        super().__init__(message)


class JsonInsideAtomic(RouterError):
    """It could not follow a rollback."""

    def __init__(self, component: str) -> None:
        super().__init__(
            component,
            f"JSON is the authority for {component}, and a transaction is open around this write, which could not be"
            " rolled back with it. Write outside atomic().",
        )


class DatabaseAway(RouterError):
    """The database is the authority and does not answer."""

    def __init__(self, component: str, message: str | None = None) -> None:
        super().__init__(
            component,
            message
            or f"The database is the authority for {component} and cannot be reached. Nothing was written; try again"
            " when it is back. If it is gone for good: migration_promote_json.",
        )


class NothingKept(DatabaseAway):
    """And this host keeps nothing for a component whose migration is closed: its index is about to be done with."""

    def __init__(self, component: str) -> None:
        super().__init__(
            component,
            f"The migration of {component} is closed, so the database alone has it, and it cannot be reached. Nothing"
            " was written, nor kept on this host; try again when the database is back.",
        )


class DatabaseUnused(RouterError):
    def __init__(self, component: str) -> None:
        super().__init__(
            component,
            f"The database is the authority for {component}, and ENABLE_SERVICES=false keeps this process from it."
            " Set ENABLE_SERVICES=true, or, unless its migration is closed, bring the component back first:"
            f" migration_rollback {component} --all-the-way",
        )


class FilesElsewhere(RouterError):
    """This host does not have the files."""

    def __init__(self, component: str) -> None:
        super().__init__(
            component,
            f"JSON is the authority for {component}, and its files are on another host (LEGACY_DIR is not set here)."
            " Do this there.",
        )


class Moving(RouterError):
    """Neither store took the write in time."""

    def __init__(self, component: str, seconds: float) -> None:
        super().__init__(
            component,
            f"{component} is being moved, and no store took the write within {seconds:g} s. Nothing was written; try"
            f" again. What goes on: migration_history {component}",
        )
