"""What the database lacks, and how it is told that it no longer does."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from legacy_json.errors import IndexUnusable, IndexUnwritable
from legacy_json.index import NEVER, Finding, Index, Outcome, Phase, State
from tests.legacy_json.stores import Store, user


def found(key: int, outcome: Outcome = Outcome.QUARANTINED) -> Finding:
    return Finding("users", key, "data.json", 0, Phase.MAPPING, outcome, "code", "detail", b"raw")


def test_pending_comes_in_key_order_page_by_page(store: Store) -> None:
    store.load(*map(user, (5, 3, 9, -1)))
    first = store.index.pending("users", None, 2)
    second = store.index.pending("users", first.records[-1].key, 2)
    assert [[record.key for record in batch.records] for batch in (first, second)] == [[-1, 3], [5, 9]]
    assert store.index.pending("users", 9, 2).records == []


def test_a_confirmed_batch_is_no_longer_pending(store: Store) -> None:
    store.load(*map(user, range(5)))
    assert store.index.acknowledge(store.index.pending("users", None, 3))
    assert store.pending() == [3, 4]
    assert (store.index.ledger("users").imported, store.index.ledger("users").pending) == (3, 2)
    assert store.index.count_pending("users") == 2


def test_a_record_that_changed_since_the_batch_stays_pending(store: Store) -> None:
    store.load(user(1), user(2), user(3))
    batch = store.index.pending("users", None, 10)
    store.load(user(1), user(2, language="ru"), user(3))
    assert store.index.acknowledge(batch, [found(2)])
    assert store.pending() == [2]
    assert store.record(2).state == State.LIVE
    assert store.findings() == []
    store.assert_balanced()


def test_a_record_that_was_deleted_since_the_batch_stays_pending(store: Store) -> None:
    store.load(user(1), user(2), user(3))
    batch = store.index.pending("users", None, 10)
    store.load(user(1), user(3))
    assert store.index.acknowledge(batch, [found(2)])
    assert store.pending() == [2]
    assert store.record(2).state == State.DELETED
    store.assert_balanced()


def test_what_the_findings_quarantine_is_neither_pending_nor_imported(store: Store) -> None:
    store.load(user(1), user(2))
    store.confirm(findings=[found(1), found(2, Outcome.REPAIRED)])
    ledger = store.index.ledger("users")
    assert (ledger.imported, ledger.quarantined, ledger.pending, ledger.repaired) == (1, 1, 0, 1)
    assert store.record(1).state == State.QUARANTINED
    store.assert_balanced()


def test_confirming_a_batch_keeps_what_was_found_of_records_between_its_keys(store: Store) -> None:
    store.load(user(1), user(2), user(3))
    store.confirm(findings=[found(2)])
    store.load(user(1, n=1), user(2), user(3, n=1))
    store.confirm()
    assert [finding.key for finding in store.findings()] == [2]
    store.assert_balanced()


def test_confirming_a_record_again_replaces_what_was_found_of_it(store: Store) -> None:
    store.load(user(1))
    store.confirm(findings=[found(1, Outcome.REPAIRED)])
    store.index.acknowledge(store.index.record("users", 1), [found(1, Outcome.REPORTED)])
    assert [finding.outcome for finding in store.findings()] == [Outcome.REPORTED]


def test_a_confirmation_from_before_an_undo_is_ignored(store: Store) -> None:
    store.load(user(1), user(2))
    batch = store.index.pending("users", None, 10)
    store.index.forget("users", [])
    assert not store.index.acknowledge(batch, [found(1)])
    assert store.pending() == [1, 2]
    assert store.findings() == []


def test_what_the_database_lost_is_pending_and_never_synced(store: Store) -> None:
    store.load(user(1), user(2))
    store.confirm()
    store.index.forget("users", [1, 77])
    assert store.index.connection().execute("SELECT key, synced FROM pending WHERE component = 'users'").fetchall() == [
        (1, NEVER)
    ]
    store.assert_balanced()


def test_quarantined_records_can_be_tried_again(store: Store) -> None:
    store.load(user(1), user(2), 5)
    store.confirm(findings=[found(1)])
    assert store.index.retry_quarantined("users") == 1
    assert store.pending() == [1]
    assert [finding.code for finding in store.quarantined()] == ["not-an-object"]
    store.assert_balanced()


def test_findings_come_in_the_order_of_the_file(store: Store) -> None:
    store.put(b'\xef\xbb\xbf{"users": [5, {"user_id": 1}, 6]}')
    store.read()
    assert [finding.ordinal for finding in store.index.findings("users")] == [0, 2, None]
    assert list(store.index.findings("users", Phase.MAPPING)) == []


def confirm_and_close(store: Store) -> None:
    store.confirm()
    store.index.close()


def test_a_snapshot_does_not_see_what_comes_later(store: Store) -> None:
    store.load(user(1))
    with store.index.snapshot():
        assert store.index.count_pending("users") == 1
        other = threading.Thread(target=confirm_and_close, args=(store,))
        other.start()
        other.join()
        assert store.index.count_pending("users") == 1
    assert store.index.count_pending("users") == 0


def test_the_counter_rises_with_each_commit_and_not_with_a_failed_one(tmp_path: Path) -> None:
    index = Index(tmp_path / "i.sqlite3")
    with index.write() as (_, first):
        pass
    with pytest.raises(ZeroDivisionError), index.write():
        raise ZeroDivisionError
    with index.write() as (_, second):
        pass
    assert second == first + 1 == index.counter


def test_an_index_keeps_its_identity(tmp_path: Path) -> None:
    first, second = Index(tmp_path / "i.sqlite3"), Index(tmp_path / "i.sqlite3")
    assert first.store_id == second.store_id
    assert Index(tmp_path / "j.sqlite3").store_id != first.store_id


def test_each_thread_has_a_connection_of_its_own(tmp_path: Path) -> None:
    index = Index(tmp_path / "i.sqlite3")
    seen: list[sqlite3.Connection] = []
    other = threading.Thread(target=lambda: seen.append(index.connection()))
    other.start()
    other.join()
    assert seen[0] is not index.connection()
    assert index.connection() is index.connection()


def test_many_threads_may_open_a_new_index_at_once(tmp_path: Path) -> None:
    index, ids, barrier = Index(tmp_path / "i.sqlite3"), set(), threading.Barrier(8)

    def open_it() -> None:
        barrier.wait()
        ids.add(index.store_id)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 1


@pytest.mark.parametrize("content", [b"not a database " * 1000, b"\0" * 8192, b"SQLite format 3\0" + b"x" * 8000])
def test_a_file_that_is_no_index_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "i.sqlite3"
    path.write_bytes(content)
    with pytest.raises(IndexUnusable, match="(?i)move it away"):
        Index(path).connection()
    assert path.read_bytes() == content


def test_an_index_that_is_damaged_inside_says_what_to_do(store: Store) -> None:
    store.load(*(user(n, text="x" * 500) for n in range(2000)))
    store.index.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.index.close()
    path = store.index.path
    data = bytearray(path.read_bytes())
    data[16384:] = b"\x55" * (len(data) - 16384)
    path.write_bytes(data)
    with pytest.raises(IndexUnusable, match="(?i)move it away"):
        store.index.pending("users", None, 5000)
    store.index.close()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    index = Index(tmp_path / "i.sqlite3")
    index.connection().execute("PRAGMA user_version = 99")
    index.close()
    with pytest.raises(IndexUnusable, match="schema 99"):
        Index(index.path).connection()


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite3"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (x)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(IndexUnusable, match="LEGACY_INDEX"):
        Index(path).connection()
    assert path.read_bytes() == before


def test_a_full_disk_is_told_and_changes_nothing(store: Store) -> None:
    store.load(user(1))
    before = store.dump()
    pages = store.index.connection().execute("PRAGMA page_count").fetchone()[0]
    store.index.connection().execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(IndexUnwritable, match="space"):
        store.load(*(user(n, text="x" * 5000) for n in range(1, 200)))
    store.index.close()
    assert store.dump()["record"] == before["record"]
    store.read()
    assert len(store.live()) == 199
    store.assert_balanced()
