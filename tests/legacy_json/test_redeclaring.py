"""A release declares other lookups for a source that is ours already."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from legacy_json.layouts import Collection
from legacy_json.reading import read
from legacy_json.writing import commit
from tests.legacy_json.ours import FILES, MATCHES, SUBSCRIPTIONS, USERS, Ours

BY_LANGUAGE = replace(USERS, lookups=("language",))


def found(ours: Ours, name: str, value: str) -> list[object]:
    rows = ours.index.connection().execute("SELECT key FROM lookup WHERE name = ? AND value = ?", (name, value))
    return [key for (key,) in rows]


def taken(tmp_path: Path) -> Ours:
    return Ours(tmp_path, {"data.json": FILES["data.json"]}, (USERS, SUBSCRIPTIONS)).take()


def declared(ours: Ours, *collections: Collection) -> Ours:
    return Ours(ours.root, {}, collections)


def test_what_is_not_rendered_yet_is_not_taken_for_deleted(tmp_path: Path) -> None:
    ours = taken(tmp_path)
    ours.create(USERS, 4, user_id=4, language="en")
    later = declared(ours, BY_LANGUAGE, SUBSCRIPTIONS)
    assert not read(later.index, later.root, later.sources["data.json"]).changed
    with commit(later.index, later.places) as writer:
        assert writer.get(BY_LANGUAGE, 4) is not None
    later.check()


def test_records_are_found_by_what_is_declared_now(tmp_path: Path) -> None:
    ours = taken(tmp_path)
    ours.create(USERS, 4, user_id=4, language="en")
    assert found(ours, "faceit_nickname", "anna") == [1]
    later = declared(ours, BY_LANGUAGE, SUBSCRIPTIONS)
    read(later.index, later.root, later.sources["data.json"])
    assert found(later, "language", "en") == [4]
    assert found(later, "faceit_nickname", "anna") == []
    assert found(later, "faceit_player_id", "a") == [1]


def test_a_first_look_at_files_of_ours_that_was_cut_short_is_made_good(tmp_path: Path) -> None:
    ours = Ours(tmp_path, {}, (MATCHES,))
    with ours.index.write() as (connection, _):
        connection.execute("INSERT INTO source VALUES ('matches.json', 'switchyard', '')")
    ours.read()
    assert ours.index.is_read("matches")
