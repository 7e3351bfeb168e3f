"""Which store answers and which takes a write, whatever was believed a moment ago."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import pytest
from django.db import connection, transaction

from accounts.models import User
from legacy_json import fences, mover_lock
from legacy_json.clocks import Deadline
from legacy_json.errors import StoreBusy
from legacy_json.fences import Fence, FenceState
from legacy_json.keys import Key
from migration_control.models import Transition
from migration_control.moving import recovery
from migration_control.records import Record
from migration_control.routing import router
from migration_control.routing.errors import DatabaseAway, DatabaseUnused, JsonInsideAtomic, Moving
from migration_control.routing.records import Records
from migration_control.routing.router import Router
from migration_control.stages import StageRow, Store
from migration_control.stores.changes import Changes
from migration_control.stores.json import JsonStore
from tests.migration_control.moving.ground import DB_ONLY, DISABLED, DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.routing.conftest import Away


def count_up(user: User) -> None:
    user.total_requests += 1


@pytest.fixture
def users(ground: Ground) -> Records[User]:
    ground.records.create(User(user_id=1, faceit_player_id="one"))
    return ground.records


def count_both(changes: Changes[User]) -> None:
    for user in changes.records:
        count_up(user)


def believe(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    monkeypatch.setattr(Router, "_believed", lambda router: store)


def set_fence(ground: Ground, state: FenceState, *, deadline: float = 600) -> None:
    """As a mover leaves it that goes no further."""
    now = ground.fence()
    with ground.index.write() as (connection, _):
        then = Fence(state, now.epoch + 1, now.mirrored)
        assert fences.advance(connection, "users", now, then, Deadline.after(deadline))


# Beliefs


@pytest.mark.parametrize("stage", [DISABLED, DUAL_JSON, DUAL_DATABASE, DB_ONLY], ids=str)
@pytest.mark.parametrize("believed", list(Store))
def test_a_belief_that_is_out_of_date_is_refused_by_the_store_and_the_effect_is_there_once(
    ground: Ground, users: Records[User], monkeypatch: pytest.MonkeyPatch, stage: StageRow, believed: Store
) -> None:
    if stage is DB_ONLY:
        ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
    ground.move(stage)
    believe(monkeypatch, believed)
    assert users.update(1, count_up).total_requests == 1
    users.create(User(user_id=2))
    users.delete(2)
    right = ground.in_json if stage.authority is Store.JSON else ground.in_database
    assert (right(1).total_requests, right(2)) == (1, None)


def test_each_call_asks_anew_where_the_component_is(ground: Ground, users: Records[User]) -> None:
    for number, stage in enumerate((DUAL_JSON, DUAL_DATABASE, DUAL_JSON, DISABLED), start=1):
        ground.move(stage)
        users.update(1, count_up)
        read = users.get(1)
        assert read is not None
        assert read.total_requests == number
        assert ground.in_json(1).total_requests == number


# Transactions


@pytest.mark.parametrize("stage", [DISABLED, DUAL_JSON], ids=str)
def test_a_write_of_json_is_refused_inside_a_transaction(ground: Ground, users: Records[User], stage: StageRow) -> None:
    ground.move(stage)
    with transaction.atomic(), pytest.raises(JsonInsideAtomic, match="Write outside atomic"):
        users.update(1, count_up)
    with transaction.atomic():
        assert users.count() == 1  # reading is not
    assert ground.in_json(1).total_requests == 0


def test_a_write_of_the_database_joins_the_transaction_and_is_copied_once_that_is_committed(
    ground: Ground, users: Records[User]
) -> None:
    ground.move(DUAL_DATABASE)
    with transaction.atomic():
        users.update(1, count_up)
        transaction.set_rollback(True)
    assert ground.in_database(1).total_requests == ground.in_json(1).total_requests == 0
    with transaction.atomic():
        users.update(1, count_up)
        assert ground.in_json(1).total_requests == 0
    assert ground.in_database(1).total_requests == ground.in_json(1).total_requests == 1


def test_a_transaction_that_began_before_a_move_to_json_is_not_written_past_it(
    ground: Ground, users: Records[User]
) -> None:
    ground.move(DUAL_DATABASE)
    with pytest.raises(JsonInsideAtomic), transaction.atomic():
        assert users.count() == 1
        set_back(ground)
        users.update(1, count_up)
    assert ground.in_json(1).total_requests == 0


def set_back(ground: Ground) -> None:
    from tests.migration_control.routing.hosts import Other

    Other(lambda: ground.move(DUAL_JSON)).done()


# Moves under way, and broken off


def test_a_write_that_no_store_takes_in_time_says_that_a_move_is_under_way(
    ground: Ground, users: Records[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "PATIENCE", 0.2)
    monkeypatch.setattr(recovery, "recover", lambda component: False)  # the mover is at it
    set_fence(ground, FenceState.COMMITTING)
    with pytest.raises(Moving, match=r"(?s)within 0.2 s.*Nothing was written.*migration_history users"):
        users.update(1, count_up)
    assert ground.in_json(1).total_requests == 0


def test_a_write_waits_for_a_mover_and_then_goes_where_the_component_is(
    ground: Ground, users: Records[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_fence(ground, FenceState.CLOSING)
    tries = []

    def moved_at_the_third_look(component: object) -> bool:
        tries.append(component)
        if len(tries) == 3:
            before = ground.fence()
            with ground.index.write() as (connection, _):
                fences.advance(connection, "users", before, fences.reopened(before))
        return False

    monkeypatch.setattr(recovery, "recover", moved_at_the_third_look)
    with mover_lock.moving(ground.index.path, "users"):
        assert users.update(1, count_up).total_requests == 1
    assert len(tries) == 3


def test_a_fence_that_a_dead_mover_left_half_closed_opens_to_the_next_write(
    ground: Ground, users: Records[User], away: Away
) -> None:
    set_fence(ground, FenceState.CLOSING)
    assert users.count() == 1
    with away():
        assert users.update(1, count_up).total_requests == 1
    assert ground.fence().state is FenceState.OPEN


def test_a_fence_left_committing_is_what_the_row_says_and_a_write_mends_it(
    ground: Ground, users: Records[User]
) -> None:
    set_fence(ground, FenceState.COMMITTING)
    epoch = ground.fence().epoch
    assert users.count() == 1
    assert users.update(1, count_up).total_requests == 1
    assert (ground.fence().state, ground.fence().epoch) == (FenceState.OPEN, epoch + 1)
    assert Transition.objects.get(component="users").kind == recovery.KIND


def test_while_it_is_committing_and_the_database_is_away_nobody_answers_for_it(
    ground: Ground, users: Records[User], away: Away
) -> None:
    set_fence(ground, FenceState.COMMITTING)
    with away():
        with pytest.raises(DatabaseAway):
            users.get(1)
        with pytest.raises(DatabaseAway):
            users.update(1, count_up)
    assert ground.in_json(1).total_requests == 0


def test_a_move_that_was_taken_back_after_it_refused_a_write_does_not_make_the_database_the_one_to_ask(
    ground: Ground, users: Records[User], monkeypatch: pytest.MonkeyPatch, away: Away
) -> None:
    set_fence(ground, FenceState.CLOSING)
    real = Router._to_database

    def reopened_first(self: Router[User], write: Callable[..., object]) -> object:
        now = ground.fence()
        with ground.index.write() as (connection, _):
            fences.advance(connection, "users", now, fences.reopened(now))
        return real(self, write)

    monkeypatch.setattr(Router, "_to_database", reopened_first)
    with away(), mover_lock.moving(ground.index.path, "users"):
        assert users.update(1, count_up).total_requests == 1


# Without the database


def marked(found: object) -> list[bool]:
    several = found.values() if isinstance(found, dict) else found if isinstance(found, list) else [found]
    return [one.stale for one in several if isinstance(one, Record)]


READS: dict[str, Callable[[Records[User]], object]] = {
    "get": lambda users: users.get(1),
    "get_many": lambda users: users.get_many([1]),
    "find": lambda users: users.find("faceit_player_id", "one"),
    "iterate": lambda users: list(users.iterate()),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_in_dual_write_reads_come_from_json_marked_stale_while_the_database_is_away(
    ground: Ground, users: Records[User], away: Away, read: Callable[[Records[User]], object]
) -> None:
    assert marked(read(users)) == [False]
    ground.move(DUAL_DATABASE)
    assert marked(read(users)) == [False]
    with away():
        assert marked(read(users)) == [True]
        assert users.count() == 1
    assert marked(read(users)) == [False]


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_in_db_only_nothing_is_read_while_the_database_is_away(
    ground: Ground, users: Records[User], away: Away, read: Callable[[Records[User]], object]
) -> None:
    ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
    ground.move(DB_ONLY)
    with away(), pytest.raises(DatabaseAway, match="migration_promote_json"):
        read(users)


def test_nothing_is_written_anywhere_while_the_database_is_the_authority_and_away(
    ground: Ground, users: Records[User], away: Away
) -> None:
    ground.move(DUAL_DATABASE)
    writes: list[Callable[[], object]] = [
        lambda: users.update(1, count_up),
        lambda: users.create(User(user_id=2)),
        lambda: users.delete(1),
        lambda: users.save(User(user_id=1)),
    ]
    with away():
        for write in writes:
            with pytest.raises(DatabaseAway, match="Nothing was written"):
                write()
    assert (ground.in_json(1).total_requests, ground.in_json(2)) == (0, None)
    assert ground.in_database(1).total_requests == 0


def test_json_serves_on_while_the_database_is_away(ground: Ground, users: Records[User], away: Away) -> None:
    with away():
        assert users.update(1, count_up).total_requests == 1
        assert marked(users.get(1)) == [False]


def test_a_statement_that_waited_too_long_is_not_taken_for_a_database_that_is_away(
    ground: Ground, users: Records[User]
) -> None:
    from django.db import OperationalError, connection

    ground.move(DUAL_DATABASE)

    def dawdle(user: User) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 1")
            cursor.execute("SELECT pg_sleep(1)")

    with pytest.raises(OperationalError, match="statement timeout"):
        users.update(1, dawdle)


def test_where_no_database_is_used_its_components_are_not_served_and_those_of_json_are(
    ground: Ground, users: Records[User], settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATABASE_USED = False  # type: ignore[attr-defined]
    assert users.update(1, count_up).total_requests == 1
    settings.DATABASE_USED = True  # type: ignore[attr-defined]
    ground.move(DUAL_DATABASE)
    settings.DATABASE_USED = False  # type: ignore[attr-defined]
    calls: list[Callable[[], object]] = [lambda: users.get(1), lambda: users.update(1, count_up)]
    for call in calls:
        with pytest.raises(DatabaseUnused, match="migration_rollback users --all-the-way"):
            call()


def test_an_index_that_is_busy_is_not_taken_for_a_refusal(
    ground: Ground, users: Records[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> object:
        raise StoreBusy(ground.index.path, 1)

    monkeypatch.setattr(Router, "_to_json", busy)
    with pytest.raises(StoreBusy):
        users.update(1, count_up)


# Reads of several records


def test_what_is_read_of_several_records_is_of_one_side_of_a_move(
    ground: Ground, users: Records[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The move, and an update of both records behind it, fall between the look at the fence and the records."""
    users.create(User(user_id=2))
    ground.move(DUAL_JSON)
    asked = JsonStore.get_many

    def meanwhile(store: JsonStore[User], keys: Iterable[Key]) -> dict[Key, User]:
        monkeypatch.setattr(JsonStore, "get_many", asked)
        found = {1: asked(store, [1])[1]}
        thread = threading.Thread(target=both_counted_behind_a_move)
        thread.start()
        thread.join(60)
        return found | asked(store, [2])

    def both_counted_behind_a_move() -> None:
        ground.move(DUAL_DATABASE)
        users.update_many([1, 2], count_both)
        connection.close()

    monkeypatch.setattr(JsonStore, "get_many", meanwhile)
    found = users.get_many([1, 2])
    assert {user.total_requests for user in found.values()} in ({0}, {1})


def test_a_store_is_opened_before_the_snapshot_of_a_read(
    ground: Ground, users: Records[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside an old view of the index, the numbers of copies in the database would look like a backup's."""
    router._opened.cache_clear()
    checked: list[bool] = []
    monkeypatch.setattr(
        router, "_check_pair", lambda component: checked.append(ground.index.connection().in_transaction)
    )
    users.get(1)
    assert checked == [False]
