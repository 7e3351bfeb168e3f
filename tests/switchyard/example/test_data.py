"""The FACEIT bot's data.json: what its own writer leaves, and each defect planted once."""

from __future__ import annotations

import json

import pytest

from legacy_json.index import Outcome, State
from switchyard.example.store import write_store
from tests.legacy_json.stores import Store


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, dict[str, int]]:
    store = Store(tmp_path_factory.mktemp("example"))
    counts = write_store(store.root)
    store.age()
    store.read()
    return store, counts


def test_the_file_is_what_the_bots_own_writer_leaves(example: tuple[Store, dict[str, int]]) -> None:
    store, _ = example
    text = store.path.read_text(encoding="utf-8")
    assert text.startswith('{\n  "users": [\n    {\n      "user_id": ')
    whole = json.loads(text)
    assert whole["analytics"]["total_users"] == 2000
    assert len(whole["analytics"]["daily_stats"]) == 90
    plain = [user for user in whole["users"] if isinstance(user, dict)][:20]
    assert all(json.dumps(user, indent=2, ensure_ascii=False).replace("\n", "\n    ") in text for user in plain)


def test_every_entry_is_accounted_for(example: tuple[Store, dict[str, int]]) -> None:
    store, counts = example
    store.assert_balanced()
    assert store.index.ledger("users").entries == counts["users"] == 2000
    assert store.index.ledger("subscriptions").entries == counts["subscriptions"]


def test_three_generations_are_mixed_and_most_have_no_account(example: tuple[Store, dict[str, int]]) -> None:
    store, _ = example
    users = list(store.live().values())
    oldest = sum("language" not in user for user in users)
    linked = sum(user["faceit_player_id"] is not None for user in users)
    assert 0.1 < oldest / len(users) < 0.3
    assert 0.2 < linked / len(users) < 0.4
    assert sum(key > 2**31 for key in store.live() if isinstance(key, int)) > len(users) / 2


def test_the_reader_finds_what_was_planted_and_nothing_else(example: tuple[Store, dict[str, int]]) -> None:
    store, _ = example
    found = sorted(f"{finding.code} {finding.outcome}" for finding in store.findings())
    assert found == sorted(
        [
            "duplicate-key quarantined",
            "duplicate-name repaired",
            "duplicate-value reported",
            "key-repaired repaired",
            "key-repaired repaired",
            "no-key quarantined",
            "no-key quarantined",
            "not-an-object quarantined",
            "not-a-number reported",
            "number-too-large reported",
        ]
    )
    assert sorted(f"{finding.code} {finding.outcome}" for finding in store.findings("subscriptions")) == [
        "duplicate-key quarantined",
        "duplicate-value reported",
        "no-key quarantined",
        "not-an-object quarantined",
    ]
    assert sum(f.outcome is Outcome.QUARANTINED for f in store.findings()) == 4
    assert sum(record.state == State.QUARANTINED for record in store.records("subscriptions")) == 1


def test_each_defect_is_counted(example: tuple[Store, dict[str, int]]) -> None:
    _, counts = example
    planted = {name: count for name, count in counts.items() if name not in {"users", "subscriptions"}}
    assert len(planted) == 29
    assert set(planted.values()) == {1}
