"""No interleaving of the protocol loses, repeats or hides a write; and each rule that it has is needed for that.

The rules are those that production imports: to break one there is to see these fail.
"""

import pytest

from tests.model.broken_tables import BROKEN_TABLES
from tests.model.configurations import CONFIGURATIONS
from tests.model.rules import KEPT, MEANS, Mistake

# The configuration that shows it soonest.
SHOWN_BY = {
    Mistake.NO_FENCE: "readers",
    Mistake.NO_EPOCH: "two recoveries",
    Mistake.NO_VERSION: "imports and deletions",
    Mistake.NO_SHARE: "two recoveries",
    Mistake.DB_FIRST: "two recoveries",
    Mistake.NO_NOTE: "imports and deletions",
    Mistake.NO_TOMBSTONE: "imports and deletions",
    Mistake.NO_APPLY_LOCK: "imports and deletions",
    Mistake.NO_BASE: "savers",
    Mistake.COPY_ROW: "readers",
    Mistake.CLOSING_READS_DB: "readers",
    Mistake.NO_REOPEN: "a mover dies with the database",
    Mistake.EARLY_COMMIT: "two recoveries",
    Mistake.RECORD_BEFORE_ROW: "a host without the files",
    Mistake.COMMIT_EACH: "several records",
    Mistake.FREE_ANY: "a unique value passed on",
    Mistake.FREE_UNCONFIRMED: "a unique value passed on",
    Mistake.KEY_BY_KEY: "a unique value swapped",
    Mistake.HINT_UNMENDED: "all four stages",
    Mistake.NO_STORE_ID: "JSON promoted",
    Mistake.NEAR: "JSON promoted",
    Mistake.ACK_UNTAKEN: "two recoveries",
    Mistake.NO_CONFLICTS: "JSON promoted",
    Mistake.ACK_LATER: "imports and deletions",
    Mistake.LOOSE_READ: "several records",
    Mistake.TAKEN_WHILE_COMMITTING: "several records",
    Mistake.UNANNOUNCED: "closed, or promoted",
    Mistake.PROMOTE_SEALED: "closed, or promoted",
    Mistake.COUNTED_ANEW: "closed, and made anew",
    Mistake.MOVE_CLOSED: "closed",
    Mistake.CLOSE_UNLOCKED: "closed",
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_nothing_is_lost_stale_or_stuck(name: str) -> None:
    found = CONFIGURATIONS[name].explore(KEPT)
    assert not found.problem, "\n".join([found.problem, *found.trace])


@pytest.mark.parametrize("mistake", Mistake)
def test_a_rule_that_is_not_kept_is_found_out(mistake: Mistake) -> None:
    found = CONFIGURATIONS[SHOWN_BY[mistake]].explore(KEPT.but(mistake))
    assert found.problem, f"nothing shows it when {MEANS[mistake]}"
    assert found.trace


@pytest.mark.parametrize("name", BROKEN_TABLES)
def test_a_broken_table_is_found_out(name: str) -> None:
    broken = BROKEN_TABLES[name]
    assert CONFIGURATIONS[broken.shown_by].explore(broken.rules, limit=60_000).problem
