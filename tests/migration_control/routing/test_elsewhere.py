"""A host without the files, as a web process: it reads and writes the database, or is told where to go."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db import transaction

from accounts.models import User
from migration_control import components
from migration_control.mirroring import draining_to_json
from migration_control.moving import steps
from migration_control.routing import elsewhere as reading
from migration_control.routing.errors import DatabaseAway, FilesElsewhere
from migration_control.routing.records import Records
from migration_control.stages import StageRow
from migration_control.stores.database import DatabaseStore
from tests.migration_control.moving.ground import DB_ONLY, DISABLED, DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.routing.conftest import Away
from tests.migration_control.routing.hosts import Other, after_first

Elsewhere = Callable[[], AbstractContextManager[None]]

READS = {
    "get": lambda records: records.get(1) is not None,
    "get_many": lambda records: list(records.get_many([1, 2])) == [1],
    "find": lambda records: [user.pk for user in records.find("faceit_player_id", "one")] == [1],
    "iterate": lambda records: [user.pk for user in records.iterate()] == [1],
    "count": lambda records: records.count() == 1,
}
WRITES = {
    "create": lambda records: records.create(User(user_id=2)),
    "save": lambda records: records.save(User(user_id=1)),
    "update": lambda records: records.update(1, in_english),
    "update_many": lambda records: records.update_many([1], lambda changes: in_english(changes[1])),
    "delete": lambda records: records.delete(1),
}


def in_english(user: User) -> None:
    user.language = "en"


@pytest.fixture
def users(ground: Ground) -> Records[User]:
    ground.records.create(User(user_id=1, language="ru", faceit_player_id="one"))
    return ground.records


def db_only(ground: Ground) -> None:
    ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
    ground.move(DB_ONLY)


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_what_the_database_is_the_authority_for_is_read(
    ground: Ground, users: Records[User], elsewhere: Elsewhere, read: Callable[[Records[User]], bool]
) -> None:
    ground.move(DUAL_DATABASE)
    with elsewhere():
        assert read(users)
        with transaction.atomic():
            assert read(users)


@pytest.mark.parametrize("stage", [DISABLED, DUAL_JSON], ids=str)
@pytest.mark.parametrize("call", [*READS.values(), *WRITES.values()], ids=[*READS, *WRITES])
def test_what_json_is_the_authority_for_is_on_another_host(
    ground: Ground, users: Records[User], elsewhere: Elsewhere, stage: StageRow, call: Callable[[Records[User]], object]
) -> None:
    ground.move(stage)
    before = ground.in_database(1)
    with elsewhere(), pytest.raises(FilesElsewhere, match="its files are on another host"):
        call(users)
    after = ground.in_database(1)
    assert (before and before.version) == (after and after.version)


def test_row_and_record_are_of_one_moment(ground: Ground, users: Records[User], elsewhere: Elsewhere) -> None:
    ground.move(DUAL_DATABASE)

    def moved_and_written() -> None:
        ground.move(DUAL_JSON)
        users.update(1, in_english)

    with elsewhere():
        with after_first(reading, "authority", moved_and_written):
            read = users.get(1)
        assert read is not None
        # What the database has by now is a copy, and of a record only: others it may lack.
        assert read.language == "ru"
        assert ground.in_database(1).language == "en"
        with pytest.raises(FilesElsewhere):
            users.get(1)


def test_in_a_transaction_of_the_callers_a_row_that_moved_between_is_looked_at_again(
    ground: Ground, users: Records[User], elsewhere: Elsewhere
) -> None:
    ground.move(DUAL_DATABASE)
    between = after_first(reading, "authority", lambda: ground.move(DUAL_JSON))
    with elsewhere(), transaction.atomic(), between, pytest.raises(FilesElsewhere):
        users.get(1)


def test_a_move_that_begins_and_ends_while_it_reads_is_noticed_too(
    ground: Ground, users: Records[User], elsewhere: Elsewhere
) -> None:
    ground.move(DUAL_DATABASE)

    def there_and_back() -> None:
        ground.move(DUAL_JSON)
        users.update(1, in_english)
        ground.move(DUAL_DATABASE)

    with elsewhere(), transaction.atomic(), after_first(DatabaseStore, "get", there_and_back):
        read = users.get(1)
    assert read is not None
    assert read.language == "en"


@pytest.mark.parametrize("put", [lambda ground: ground.move(DUAL_DATABASE), db_only], ids=["dual-write", "db-only"])
def test_its_writes_are_noted_and_the_host_with_the_files_carries_them_over(
    ground: Ground, users: Records[User], elsewhere: Elsewhere, put: Callable[[Ground], None]
) -> None:
    users.create(User(user_id=3))
    put(ground)
    with elsewhere():
        users.update(1, in_english)
        users.create(User(user_id=2))
        users.delete(3)
        read = users.get(1)
    assert read is not None
    assert read.language == "en"
    assert ground.in_json(1).language == "ru"
    assert ground.lag() == (0, 3)
    draining_to_json.drain(components.get("users"), ground.index)
    assert ground.lag() == (0, 0)
    assert (ground.in_json(1).language, ground.in_json(2) is None, ground.in_json(3)) == ("en", False, None)
    assert ground.in_json(1).version == ground.in_database(1).version


def test_its_writes_come_along_when_the_component_is_moved_back(
    ground: Ground, users: Records[User], elsewhere: Elsewhere
) -> None:
    ground.move(DUAL_DATABASE)
    with elsewhere():
        users.update(1, in_english)
    ground.move(DUAL_JSON)
    read = users.get(1)
    assert read is not None
    assert read.language == "en"


def test_a_write_that_waits_for_a_move_to_json_is_refused_and_written_nowhere(
    ground: Ground, users: Records[User], elsewhere: Elsewhere
) -> None:
    ground.move(DUAL_DATABASE)
    refused: list[type] = []

    def write() -> None:
        with elsewhere():
            try:
                users.update(1, in_english)
            except FilesElsewhere as error:
                refused.append(type(error))

    writers: list[Other] = []

    def held_up(*arguments: object) -> None:
        writers.append(Other(write))
        time.sleep(0.3)  # it has come to the lock that the move holds; if not, it comes after it, and is refused too
        assert writers[0].is_alive()
        commit_row(*arguments)  # type: ignore[arg-type]

    commit_row = steps.commit_row
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "commit_row", held_up)
        ground.move(DUAL_JSON)
    writers[0].done()
    assert refused == [FilesElsewhere]
    assert ground.in_json(1).language == ground.in_database(1).language == "ru"


def test_a_write_that_waits_for_a_move_to_the_database_is_made_there(
    ground: Ground, users: Records[User], elsewhere: Elsewhere
) -> None:
    ground.move(DUAL_JSON)

    def write() -> None:
        with elsewhere():
            users.update(1, in_english)

    writers: list[Other] = []

    def held_up(*arguments: object) -> None:
        writers.append(Other(write))
        time.sleep(0.3)
        commit_row(*arguments)  # type: ignore[arg-type]

    commit_row = steps.commit_row
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "commit_row", held_up)
        ground.move(DUAL_DATABASE)
    writers[0].done()
    assert ground.in_database(1).language == "en"
    assert ground.lag()[1] == 1


def test_a_database_that_is_away_leaves_it_nothing(
    ground: Ground, users: Records[User], elsewhere: Elsewhere, away: Away
) -> None:
    ground.move(DUAL_DATABASE)
    with elsewhere(), away():
        with pytest.raises(DatabaseAway, match="migration_promote_json"):
            users.get(1)
        with pytest.raises(DatabaseAway):
            users.update(1, in_english)
