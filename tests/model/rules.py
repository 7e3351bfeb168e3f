"""What holds in a world: production's own tables and functions, and the mistakes that a run may make on purpose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from legacy_json import fences, records
from legacy_json.fences import Fence, FenceState
from migration_control import stages
from migration_control.stages import Store


class Mistake(StrEnum):
    """A rule of the protocol, not kept."""

    NO_FENCE = "no-fence"
    NO_EPOCH = "no-epoch"
    NO_VERSION = "no-version"
    NO_SHARE = "no-share"
    DB_FIRST = "db-first"
    NO_NOTE = "no-note"
    NO_TOMBSTONE = "no-tombstone"
    NO_APPLY_LOCK = "no-apply-lock"
    NO_BASE = "no-base"
    COPY_ROW = "copy-row"
    CLOSING_READS_DB = "closing-reads-db"
    NO_REOPEN = "no-reopen"
    EARLY_COMMIT = "early-commit"
    RECORD_BEFORE_ROW = "host-without-files-reads-first"
    COMMIT_EACH = "commit-each"
    FREE_ANY = "free-any"
    FREE_UNCONFIRMED = "free-unconfirmed"
    KEY_BY_KEY = "key-by-key"
    HINT_UNMENDED = "hint-unmended"
    NO_STORE_ID = "no-store-id"
    NEAR = "promote-near"
    ACK_UNTAKEN = "ack-untaken"
    NO_CONFLICTS = "no-conflicts"
    ACK_LATER = "ack-any-version"
    LOOSE_READ = "loose-read"
    TAKEN_WHILE_COMMITTING = "taken-while-committing"
    UNANNOUNCED = "close-unannounced"
    PROMOTE_SEALED = "promote-sealed"
    COUNTED_ANEW = "versions-anew"
    MOVE_CLOSED = "move-closed"
    CLOSE_UNLOCKED = "close-unlocked"


MEANS = {
    Mistake.NO_FENCE: "a JSON write does not ask the fence",
    Mistake.NO_EPOCH: "the fence is set blindly: whatever it is, and whatever its epoch",
    Mistake.NO_VERSION: "a copy is applied over whatever is there",
    Mistake.NO_SHARE: "a database write looks who is the authority, and locks nothing",
    Mistake.DB_FIRST: "a move commits the row before it closes the fence",
    Mistake.NO_NOTE: "a JSON write leaves no note that the database lacks it",
    Mistake.NO_TOMBSTONE: "a copied deletion leaves nothing behind",
    Mistake.NO_APPLY_LOCK: "an import looks for tombstones and inserts later, beside other copies",
    Mistake.NO_BASE: "a save does not say which version it was made from",
    Mistake.COPY_ROW: "recovery writes what the row said to the fence, at the row's old epoch",
    Mistake.CLOSING_READS_DB: "a read takes a closing fence for a closed one",
    Mistake.NO_REOPEN: "nobody but a recovery reopens an overdue closing",
    Mistake.EARLY_COMMIT: "a move announces its commit without looking whether its closing still stands",
    Mistake.RECORD_BEFORE_ROW: "a host without the files reads a record, then asks whether it should have",
    Mistake.COMMIT_EACH: "a change of several records is several commits",
    Mistake.FREE_ANY: "a copy takes a unique value from whoever has it in the database",
    Mistake.FREE_UNCONFIRMED: "a copy takes a unique value from a record whose acknowledgement is still to come",
    Mistake.KEY_BY_KEY: "copies are made key by key, and nothing is freed: a swap is refused for ever",
    Mistake.HINT_UNMENDED: "recovery passes over a fence that says wrongly whether the other store is written",
    Mistake.NO_STORE_ID: "nobody compares the stores' ids",
    Mistake.NEAR: "promoting JSON starts its versions right above its own, not far above the lost ones",
    Mistake.ACK_UNTAKEN: "a copy that the index did not take is acknowledged",
    Mistake.NO_CONFLICTS: "a database that came back is overwritten, and what it alone had is not kept",
    Mistake.ACK_LATER: "an acknowledgement takes the note away whatever the version is by now",
    Mistake.LOOSE_READ: "a read of several records does not look again whether their store still answers",
    Mistake.TAKEN_WHILE_COMMITTING: "the index takes copies while the fence is committing, and may still be read",
    Mistake.UNANNOUNCED: "a migration is closed in the row before the fence says that it may be",
    Mistake.PROMOTE_SEALED: "JSON is promoted although the migration is closed, or may be",
    Mistake.COUNTED_ANEW: "once the migration is closed, versions of what is created anew start from nothing",
    Mistake.MOVE_CLOSED: "a move does not look whether the migration is closed",
    Mistake.CLOSE_UNLOCKED: "a migration is closed without the component's lock, by what was seen before",
}


@dataclass(frozen=True)
class Rules:
    """The functions are fields so that a test can explore with a table that somebody broke."""

    broken: frozenset[Mistake] = frozenset()
    follows: Callable[[Fence, Fence], bool] = fences.follows
    reopened: Callable[[Fence], Fence] = fences.reopened
    supersedes: Callable[[int, int], bool] = records.supersedes
    answers: Callable[[FenceState], Store | None] = stages.answers
    agree: Callable[[Store, FenceState], bool] = stages.agree
    fence_for: Callable[..., Fence] = stages.fence_for
    next_epoch: Callable[[int, Fence], int] = stages.next_epoch
    stands: Callable[..., bool] = stages.stands

    def but(self, mistake: Mistake) -> Rules:
        return Rules(self.broken | {mistake})

    def keep(self, mistake: Mistake) -> bool:
        """Whether this mistake is not made."""
        return mistake not in self.broken


KEPT = Rules()
