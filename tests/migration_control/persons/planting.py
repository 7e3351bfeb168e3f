"""The mark, put wherever data of a person may come to lie, and looked for in every byte and table."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User as Staff
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from accounts.models import User
from analytics.models import Event
from conversations.models import Message, Profile, Setting
from legacy_json import owners, taking
from legacy_json.effects import happening, note
from legacy_json.inbox import Entry, post
from legacy_json.owners import Owner
from migration_control import components, runs, store
from migration_control.mirroring import acknowledging
from migration_control.models import AppliedEffect, ComponentState, Finding, InboxEntry, Parked, Run
from migration_control.moving.rows import By
from migration_control.moving.steps import take
from migration_control.stages import path as way
from migration_control.stages import row
from subscriptions.models import Payment
from tests.migration_control.world import subscription, user, work

PERSON, OTHER = 700500964, 700500965
MARK = "Zq7MarkOfThePerson"
STAYS = "Zq7MarkOfTheOther"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class World:
    folder: Path
    home: Path

    # Planting

    def plant(self) -> None:
        """Files as the bots write them."""
        mine = user(PERSON, faceit_nickname=MARK, faceit_player_id=f"id-{MARK}", other={"note": MARK})
        mine["subscription"] = subscription(referral_code=f"code-{MARK}", tier="premium")
        other = user(OTHER, faceit_nickname=STAYS, faceit_player_id=f"id-{STAYS}")
        other["subscription"] = subscription(referred_by=PERSON, referral_code=f"code-{STAYS}")
        twin = user(PERSON, faceit_nickname=f"twin {MARK}")  # an earlier entry of the same key
        shared = user(PERSON + 10, faceit_nickname="x", faceit_player_id=f"id-{STAYS}")
        bad = user(PERSON + 11, total_requests=1 << 70, inviter={"user_id": PERSON, "name": MARK})
        self.write(
            "data.json",
            {
                "users": [twin, mine, other, shared, bad, {"telegram_id": PERSON, "no key": MARK}],
                "analytics": {"total_users": 2, "last": [{"user_id": PERSON, "name": MARK}, {"user_id": OTHER}]},
                "referral log": [{"user_id": PERSON, "note": MARK}, {"user_id": OTHER, "note": STAYS}],
            },
        )
        self.write("matches.json", {})
        self.write("girls_data.json", {"girls": {str(PERSON): {"chat_id": PERSON, "name": f"old {MARK}"}}})
        self.write(f"girls_data/{PERSON}.json", {"chat_id": PERSON, "name": MARK, "summary": {"2026": MARK}})
        self.write(f"girls_data/{OTHER}.json", {"chat_id": OTHER, "name": STAYS, "profile": {str(PERSON): MARK}})
        says = [{"ts": "2026-01-01T00:00:00Z", "direction": "in", "text": f"{n} {MARK}"} for n in range(30)]
        self.write(f"conversations/{PERSON}.json", [*says, f"no message {MARK}"])
        self.write(f"conversations/{OTHER}.json", [{"ts": None, "direction": "in", "text": STAYS}])
        self.write("config.json", {f"{PERSON}::style": MARK, f"{OTHER}::style": STAYS, "welcome": STAYS})
        event = {"timestamp": "2026-01-01T00:00:00+00:00", "bot_id": "companion", "event_type": "x"}
        self.write(
            "analytics_202601.json",
            [
                event | {"event_data": {"user_id": PERSON, "text": MARK}},
                event | {"event_data": {"user_id": OTHER, "text": STAYS}},
                event | {"event_data": {"top": [{"chat_id": str(PERSON), "text": MARK}, {"chat_id": OTHER}]}},
                event | {"event_data": {"message": {"from": {"id": PERSON}, "text": MARK}}},
                f"no event {MARK} {PERSON}",
            ],
        )

    def write(self, name: str, document: Any) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, ensure_ascii=False, indent=2))
        long_ago = time.time() - 100
        os.utime(path, (long_ago, long_ago))

    def take(self) -> None:
        """Import everything, take every file over, write a little, render: copies of each kind come to be."""
        for component in components.everything():
            work(runs.request(component, requested_by="test"))
        for source in store.places().sources.values():
            if owners.owner(store.index(), source) is Owner.LEGACY:
                taking.take(store.index(), self.folder, source, NOW)
        for number in range(2):
            self.change(f"{number} {MARK}", f"{number} {STAYS}")
            store.renderer().flush()

    def change(self, mine: str, other: str) -> None:
        User.records.update(PERSON, lambda user: setattr(user, "last_checked_match_id", mine))
        User.records.update(OTHER, lambda user: setattr(user, "last_checked_match_id", other))
        Message.records.append(Message(text=mine, direction="out"), stem=str(PERSON))
        Profile.records.update(PERSON, lambda profile: setattr(profile, "name", mine))

    def edit(self) -> None:
        """Somebody else edits files of ours, and it is met: copies beside conflicts."""
        data = json.loads((self.folder / "data.json").read_text())
        for each in data["users"]:
            each["language"] = f"edited {MARK}" if each.get("user_id") == PERSON else "en"
        (self.folder / "data.json").write_text(json.dumps(data))
        half = f'{{"chat_id": {OTHER}, "half": {{"user_id": {PERSON}, "{MARK}'
        (self.folder / f"girls_data/{OTHER}.json").write_text(half)
        store.renderer().flush(edits=True)
        (self.folder / f"girls_data/{PERSON}.json").write_text(f"broken {MARK}")

    def stand(self, stage: str, reads: str) -> None:
        wanted = row(stage, reads)
        if stage == "disabled":
            self.edit()
            return
        steps = way(row("disabled", "json"), wanted)
        for step in steps:
            for component in components.everything():
                state = ComponentState.objects.get(name=component.name)
                take(component, step, state.epoch, By("ann", "because"))
        self.edit()

    def plant_notes(self) -> None:
        """What else may be noted of records, in both places; and newer versions of records, in the authority."""
        User.records.update(PERSON, lambda u: setattr(u, "last_checked_match_id", f"last {MARK}"))
        Event.records.append(Event(event_type="x", event_data={"user_id": PERSON, "text": MARK}), stem="202602")
        Setting.records.create(Setting(id=f"{PERSON}::tone", value={"text": MARK}))
        index = store.index()
        entries = [
            Entry("users", str(PERSON), "a", "no such effect", json.dumps({"text": MARK})),
            Entry("users", str(OTHER), "b", "no such effect", json.dumps({"from": {"id": PERSON, "name": MARK}})),
            Entry("users", str(OTHER), "c", "no such effect", json.dumps({"x": [{"user_id": PERSON, "n": MARK}]})),
            Entry("conversations", str(PERSON), "d", "", _kept(PERSON, {"text": MARK})),
            Entry("analytics", "202602", "f", "+", json.dumps([
                _kept("202602", {"event_data": {"user_id": PERSON, "t": MARK}}),
                _kept("202602", {"event_data": {"user_id": OTHER, "t": STAYS}}),
            ])),
            Entry("analytics", "202602", "e", "", _kept("202602", {"event_data": {"user_id": PERSON, "t": MARK}})),
        ]  # fmt: skip
        with index.write() as (sqlite, _):
            post(sqlite, entries[:3])
            note(sqlite, "users", happening(PERSON, f"seen:{MARK}"))
        later = datetime(2126, 1, 1, tzinfo=UTC)
        InboxEntry.objects.bulk_create([InboxEntry(**e._asdict(), due=later) for e in entries])
        with index.write() as (sqlite, _):
            post(sqlite, entries[3:])
            sqlite.execute("UPDATE inbox SET due = 1e12")
        AppliedEffect.objects.create(component="users", key=str(PERSON), effect=f"done:{MARK}", at=NOW)
        Finding.objects.create(
            component_id="users", key=str(OTHER), source="data.json", phase="mapping", outcome="reported", code="x",
            detail=f"its name is that of {PERSON}, {MARK}",
        )  # fmt: skip
        Finding.objects.create(
            component_id="users", key=None, source="data.json", phase="reading", outcome="quarantined", code="x",
            detail="no key", raw=json.dumps({"telegram_id": PERSON, "x": MARK}).encode(),
        )  # fmt: skip
        for key in (PERSON, OTHER):
            Parked.objects.create(
                component="profiles", key=str(key), to="json", version=1, reason=f"{PERSON} has {MARK}", due=later
            )
        Payment.objects.create(
            charge_id="charge-1", user_id=PERSON, tier="premium", days=30, amount=100, payload=f"{PERSON} {MARK}",
            status="completed",
        )  # fmt: skip
        Payment.objects.create(charge_id="charge-2", user_id=OTHER, tier="pro", days=30, amount=9, payload=STAYS)
        staff = Staff.objects.create_user("ann", password="not used")
        LogEntry.objects.create(
            user_id=staff.pk, content_type=ContentType.objects.get_for_model(User), object_id=str(PERSON),
            object_repr=MARK, action_flag=CHANGE, change_message=f"was {MARK}",
        )  # fmt: skip
        run = Run.objects.order_by("pk").first()
        assert run is not None
        Run.objects.filter(pk=run.pk).update(message=f"stopped at {PERSON}: {MARK}")
        acknowledging.flush()

    # Looking

    def where(self, text: str = MARK) -> list[str]:
        """Every file and table that has the text."""
        return sorted([*self.files_with(text), *tables_with(text)])

    def files_with(self, text: str) -> Iterator[str]:
        wanted = [text.encode(), json.dumps(text).encode(), text.encode("utf-16-le")]
        for top in (self.folder, self.home):
            for path in top.rglob("*"):
                if path.is_file() and any(each in path.read_bytes() for each in wanted):
                    yield str(path.relative_to(top.parent))

    def users(self) -> dict[int, str | None]:
        return {user.user_id: user.faceit_nickname for user in User.records.iterate()}


def tables_with(text: str) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(
                f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s'
                " OR strpos(t::text, encode(%s::bytea, 'hex')) > 0",
                [f"%{text}%", text.encode()],
            )
            if cursor.fetchone() != (0,):
                yield table


def _kept(stem: object, document: dict[str, Any]) -> str:
    return json.dumps({"stem": str(stem), "odd": 0, "document": json.dumps(document)})


__all__ = ["MARK", "OTHER", "PERSON", "STAYS", "World"]
