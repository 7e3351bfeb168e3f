"""The end: nobody disturbs any more, the background catches up, and then both stores must say the same.

In a process of its own. Once where everything stands, and once more after a move there and back.
"""

from __future__ import annotations

import time
from collections.abc import Container
from typing import Any

from django.db.models.functions import Now

from legacy_json.records import State
from migration_control import components, store
from migration_control.components import Component
from migration_control.mirroring import acknowledging, draining_to_json
from migration_control.models import Change, ComponentState, Parked, Transition
from migration_control.moving.rows import By
from migration_control.moving.steps import take
from migration_control.stages import STAGES, StageRow, fence_for, path
from tests.soak.crew.files import looked
from tests.soak.crew.worker import look_at
from tests.soak.history import Broken, Key, Read, Recorder, Seen, Stood, now
from tests.soak.plan import Plan
from tests.soak.subjects import SUBJECTS, Subject

PATIENCE = 60.0  # seconds for all of them to catch up
HOPELESS = 8.0  # where a rule is broken on purpose

_, DUAL_JSON, DUAL_DATABASE, _ = STAGES


def settle(plan: Plan) -> None:
    recorder = Recorder(plan.history, "0-end")
    until = time.monotonic() + (PATIENCE if not plan.mutation else HOPELESS)
    for wanted in (None, DUAL_DATABASE, DUAL_JSON):
        settled = [
            _caught_up(recorder, subject, until) and _moved(recorder, subject, wanted)
            for subject in (SUBJECTS if wanted is not DUAL_JSON else SUBJECTS[::-1])
        ]
        for subject in SUBJECTS:
            compare(recorder, subject)
        if not all(settled):
            break
    store.renderer().flush()
    recorder.note(looked(plan.folder))
    for line in Transition.objects.order_by("pk"):
        recorder.note(_stood(line))
    acknowledging.flush()


def _caught_up(recorder: Recorder, subject: Subject, until: float) -> bool:
    why_not = catch_up(components.get(subject.component), until)
    if why_not:
        recorder.note(Broken(now(), why_not, subject.component))
    return not why_not


def _moved(recorder: Recorder, subject: Subject, wanted: StageRow | None) -> bool:
    component = components.get(subject.component)
    try:
        for step in path(_state(component).row, wanted) if wanted else ():
            take(component, step, _state(component).epoch, By("soak", "at the end"))
    except Exception as error:  # noqa: BLE001 - nothing is left that could excuse it
        recorder.note(Broken(now(), f"it cannot be moved: {type(error).__name__}: {error}", component.name))
        return False
    return True


def _state(component: Component) -> ComponentState:
    return ComponentState.objects.get(name=component.name)


def catch_up(component: Component, until: float) -> str:
    """Why it does not by that time (monotonic); empty once nothing waits on either side."""
    while True:
        Parked.objects.filter(component=component.name).update(due=Now())
        trouble = ""
        try:
            look_at(component)
        except Exception as error:  # noqa: BLE001 - it is told if it lasts
            trouble = f": {type(error).__name__}: {error}"
        state, fence = _state(component), store.fence(component)
        lag = store.index().count_pending(component.name), draining_to_json.count_pending(component)
        parked = list(Parked.objects.filter(component=component.name).values_list("key", "reason"))
        if lag == (0, 0) and not parked and fence == fence_for(state.row, state.epoch):
            return ""
        if time.monotonic() > until:
            return f"{component.name} does not settle: {lag} wait, {fence}, {state.row}, parked {parked}{trouble}"
        time.sleep(0.1)


def compare(recorder: Recorder, subject: Subject) -> None:
    """Every record and tombstone, with its version. What both stores and the router say goes to the history."""
    component = components.get(subject.component)
    began = now()
    in_json = {record.key: record for record in store.json_store(component).iterate()}
    in_database = {record.key: record for record in subject.model._base_manager.all()}
    routed = {record.key: record for record in subject.model.records.iterate()}
    for found in (in_json, in_database, routed):
        seen = [subject.seen(found[key]) if key in found else Seen(key, None) for key in subject.keys]
        recorder.note(Read(began, now(), subject.component, seen, final=True))
    for key in in_json.keys() | in_database.keys():
        one, other = in_json.get(key), in_database.get(key)
        if one is None or other is None or _values(one) != _values(other):
            what = f"JSON has {_told(one)}, the database has {_told(other)}"
            recorder.note(Broken(now(), what, subject.component, key))
    _compare_tombstones(recorder, component, in_database)


def _compare_tombstones(recorder: Recorder, component: Component, live: Container[Key]) -> None:
    """The database keeps that of a record which was created again by JSON, below the row's version."""
    query = "SELECT key, version FROM record WHERE component = ? AND state = ?"
    rows = store.index().connection().execute(query, (component.name, State.DELETED)).fetchall()
    changes = Change.objects.filter(component=component.name, deleted=True)
    versions = {component.parse_key(key): version for key, version in changes.values_list("key", "version")}
    there, told = dict(rows), {key: version for key, version in versions.items() if key not in live}
    for key in there.keys() | told.keys():
        if there.get(key) != told.get(key):
            what = f"tombstones: JSON has version {there.get(key)}, the database {told.get(key)}"
            recorder.note(Broken(now(), what, component.name, key))


def _values(record: Any) -> dict[str, Any]:
    return {f.attname: getattr(record, f.attname) for f in record._meta.concrete_fields if f.attname != "run"}


def _told(record: Any) -> str:
    return "nothing" if record is None else repr(_values(record))


def _stood(line: Transition) -> Stood:
    """Wall time brought to the clock of the histories."""
    at = int(line.at.timestamp() * 1e9) - time.time_ns() + now()
    came_from, stage = f"{line.from_stage} {line.from_reads}", f"{line.stage} {line.reads}"
    return Stood(at, line.component_id, came_from, stage, line.reads, line.epoch, line.kind)
