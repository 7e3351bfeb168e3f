"""The beginning: two bots' files with some records in them, taken over, beside an empty database."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.soak.history import Ended, Recorder, Seen, Started, now
from tests.soak.plan import Plan
from tests.soak.states import created
from tests.soak.subjects import ANALYTICS, PROFILES, SUBSCRIPTIONS, USERS, Subject

AGO = 60  # seconds since the bots wrote last


def lay(plan: Plan) -> None:
    """Folders and files. What is in the files counts as acknowledged."""
    for folder in (plan.folder, plan.index.parent, plan.history, plan.home / "var"):
        folder.mkdir(parents=True)
    recorder = Recorder(plan.history, "0-beginning")
    users = [_user(key, recorder) for key in USERS.lasting]
    for user in users[: len(SUBSCRIPTIONS.lasting)]:
        user["subscription"] = {
            "payment_method": _begun(SUBSCRIPTIONS, user["user_id"], recorder),
            "referred_by": SUBSCRIPTIONS.value(user["user_id"]),
        }
    _write(plan.folder / "data.json", {"users": users, "analytics": {"total_users": len(users)}})
    events = [
        {"timestamp": "2025-01-02T03:04:05+00:00", "bot_id": "soak", "event_type": _begun(ANALYTICS, key, recorder)}
        for key in ANALYTICS.lasting
    ]
    _write(plan.folder / "analytics_202501.json", events)
    (plan.folder / "girls_data").mkdir()
    for key in PROFILES.lasting:
        document = {"chat_id": key, "name": "x", "previous_response_id": _begun(PROFILES, key, recorder)}
        _write(plan.folder / "girls_data" / f"{key}.json", document)


def take_over() -> None:
    """In a process of its own: the tables, and the files' new owner."""
    from django.core.management import call_command
    from django.utils import timezone

    from legacy_json import taking
    from migration_control import store

    call_command("migrate", verbosity=0)
    for source in store.places().sources.values():
        with suppress(taking.WrongOwner):  # what has no file is ours as soon as it is looked at
            taking.take(store.index(), store.root(), source, timezone.now(), confirm_shrink=True)


def _user(key: Any, recorder: Recorder) -> dict[str, Any]:
    return {
        "user_id": key,
        "faceit_player_id": f"player-{key}",
        "faceit_nickname": USERS.value(key),
        "last_checked_match_id": _begun(USERS, key, recorder),
    }


def _begun(subject: Subject, key: Any, recorder: Recorder) -> str:
    token = f"0.{subject.component}.{key}"
    recorder.note(Started(token, now(), "create", subject.component, [key]))
    recorder.note(Ended(token, now(), "acknowledged", [Seen(key, created(token))]))
    return created(token)


def _write(path: Path, document: object) -> None:
    path.write_text(json.dumps(document, indent=2))
    os.utime(path, (time.time() - AGO, time.time() - AGO))
