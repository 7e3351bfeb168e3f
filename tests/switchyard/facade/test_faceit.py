"""The facade against a FACEIT that replays real answers, or misbehaves: what is stored, and what a person is told."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import User
from matches.faceit import FaceitClient, NotFound, limits
from matches.models import Match, Player, Status
from migration_control.routing import threads
from migration_control.stages import STAGES, StageRow
from subscriptions.models import Subscription
from switchyard.facade import Switchyard
from switchyard.facade.history import LOOKED_UP
from switchyard.overload import left
from tests.faceit.replies import MATCH, PLAYER, item, other, reply
from tests.faceit.server import TOKEN, Faceit, Misbehaviour, serving
from tests.switchyard.conftest import InStage, Run

every_stage = pytest.mark.parametrize("stage", STAGES, ids=str)

NICKNAME = reply("player_details")["nickname"]
LINK = f"https://www.faceit.com/en/cs2/room/{MATCH}"
Case = Callable[[Faceit, Switchyard], Awaitable[Any]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BASE", 0.01)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ask(in_stage: InStage, run: Run) -> Callable[..., Any]:
    """1 speaks English and is the player of the replayed match; 2 speaks Russian and has no account."""

    def ask(stage: StageRow, case: Case, **options: Any) -> Any:
        in_stage(stage)
        User.records.create(User(user_id=1, language="en", faceit_player_id=PLAYER, faceit_nickname="player_7"))
        User.records.create(User(user_id=2))
        made = options.pop("client", FaceitClient)
        given = {"connect": 1.0, "read": 5.0, "deadline": 20.0, "attempts": 3} | options

        async def go() -> Any:
            async with serving() as faceit, made(TOKEN, base_url=faceit.url, **given) as client:
                return await case(faceit, Switchyard(faceit=client))

        return run(go())

    return ask


@every_stage
def test_from_a_link_to_the_statistics(stage: StageRow, ask: Callable[..., Any]) -> None:
    async def case(faceit: Faceit, desk: Switchyard) -> dict[str, Any]:
        linked = await desk.link_faceit_account(2, NICKNAME)
        ok, error, history = await desk.get_match_history(1)
        asked = [request.path.removeprefix("/data/v4") for request in faceit.seen]
        done, why, analysis = await desk.analyze_match(LINK, 1)
        seen = len(faceit.seen)
        again = await desk.analyze_match(LINK, 1)
        assert (done, why, again) == (True, None, (True, None, analysis))
        assert len(faceit.seen) == seen  # of a fresh analysis nobody is asked
        assert analysis is not None
        json.dumps([analysis, history])
        return {
            "linked": linked,
            "history": [ok, error, len(history), *(history[0][name] for name in ("match_id", "status", "map", "won"))],
            "asked": sorted(set(asked)),
            "analysis": [analysis[name] for name in ("match_id", "status", "players", "map")],
            "known": analysis["players_known"],
            "statistics": (await desk.get_user_statistics(1))["matches"],
            "tier": (await desk.get_user_statistics(1))["subscription"]["tier"],
        }

    found = ask(stage, case)
    matches = found.pop("statistics")
    assert found == {
        "linked": (True, None),
        "history": [True, None, 1, MATCH, "finished", "de_inferno", True],
        "asked": ["/matches/" + MATCH + "/stats", "/players", f"/players/{PLAYER}/history"],
        "analysis": [MATCH, "finished", 10, "inferno"],
        "known": 1,
        "tier": "free",
    }
    assert (matches["stored"], matches["maps"], matches["wins"]) == (1, 1, 1)
    assert matches["kd"] > 0
    user, match = User.records.get(2), Match.records.get(MATCH)
    assert user is not None
    assert (user.faceit_nickname, user.faceit_player_id) == (NICKNAME, reply("player_details")["player_id"])
    assert match is not None
    assert (match.status, match.details is None, match.statistics is None) == (Status.FINISHED, False, False)
    assert match.history is not None
    assert Player.records.count() == 11


MISBEHAVIOURS: dict[str, tuple[Misbehaviour, str]] = {
    "429": (Misbehaviour(429, {"Retry-After": "0"}, lasting=True), "FACEIT is asked too much just now."),
    "429 for long": (Misbehaviour(429, {"Retry-After": "600"}, lasting=True), "FACEIT is asked too much just now."),
    "500": (Misbehaviour(500, lasting=True), "FACEIT does not answer just now."),
    "503": (Misbehaviour(503, lasting=True), "FACEIT does not answer just now."),
    "403": (Misbehaviour(403, lasting=True), "FACEIT does not let us in at present."),
    "404": (Misbehaviour(404, lasting=True), "FACEIT does not know that."),
    "late": (Misbehaviour(delay=5, lasting=True), "FACEIT does not answer just now."),
    "hanging up": (Misbehaviour(close=True, lasting=True), "FACEIT does not answer just now."),
    "cut off": (Misbehaviour(cut=50, lasting=True), "FACEIT does not answer just now."),
    "not JSON": (Misbehaviour(body=b"<html>", lasting=True), "FACEIT's answer could not be read."),
    "another object": (Misbehaviour(body=b'{"items": 5}', lasting=True), "FACEIT's answer could not be read."),
    "NaN": (Misbehaviour(body=b'{"items": [NaN]}', lasting=True), "FACEIT's answer could not be read."),
}


def stored() -> list[Any]:
    users = [(user.user_id, user.faceit_player_id, user.faceit_nickname) for user in User.records.iterate()]
    return [users, Match.records.count(), Player.records.count(), Subscription.records.count()]


@pytest.mark.parametrize("stage", [STAGES[0], STAGES[3]], ids=str)
def test_whatever_faceit_does_is_told_and_nothing_is_stored(stage: StageRow, ask: Callable[..., Any]) -> None:
    async def case(_: Faceit, __: Switchyard) -> None:
        before = await threads.run(stored)
        for name, (plan, told) in MISBEHAVIOURS.items():
            given = {"connect": 1.0, "read": 0.2, "deadline": 20.0, "attempts": 2}
            async with serving() as faceit, FaceitClient(TOKEN, base_url=faceit.url, **given) as client:  # type: ignore[arg-type]
                desk = Switchyard(faceit=client)
                await desk.get_user_statistics(1)  # so that the language is known
                faceit.plan(plan)
                ok, error, history = await desk.get_match_history(1)
                assert (ok, history) == (False, []), name
                assert error is not None
                assert error.startswith(told), name
                assert (await desk.analyze_match(LINK, 1))[:2] == (False, error), name
                assert await desk.link_faceit_account(1, NICKNAME) == (False, error), name
        assert await threads.run(stored) == before

    ask(stage, case)


@pytest.mark.parametrize("stage", [STAGES[1], STAGES[2]], ids=str)
def test_what_passes_by_is_not_told(stage: StageRow, ask: Callable[..., Any]) -> None:
    async def case(faceit: Faceit, desk: Switchyard) -> None:
        for plan in (Misbehaviour(429, {"Retry-After": "0"}), Misbehaviour(502), Misbehaviour(close=True)):
            faceit.plan(plan)
            assert (await desk.get_match_history(1))[:2] == (True, None)
        faceit.plan(Misbehaviour(503))
        assert (await desk.analyze_match(LINK, 1))[:2] == (True, None)
        faceit.plan(Misbehaviour(429, {"Retry-After": "0"}))
        assert await desk.link_faceit_account(2, NICKNAME) == (True, None)

    ask(stage, case)


def test_players_of_whom_nothing_can_be_learned_are_counted_as_unknown(ask: Callable[..., Any]) -> None:
    async def case(faceit: Faceit, desk: Switchyard) -> None:
        faceit.plan(Misbehaviour(), Misbehaviour(404), Misbehaviour(500, lasting=True))
        ok, _, analysis = await desk.analyze_match(LINK, 1)
        assert ok
        assert analysis is not None
        assert (analysis["players_known"], analysis["players"], analysis["favourite"]) == (
            0,
            11,
            None,
        )  # one was benched

    ask(STAGES[3], case, attempts=1)


def test_a_player_who_hangs_takes_no_analysis_beyond_its_time(ask: Callable[..., Any], settings: Settings) -> None:
    """The match is had at once; of its players nothing comes."""

    async def case(faceit: Faceit, desk: Switchyard) -> None:
        settings.REQUEST_TIMEOUT = 2
        faceit.plan(Misbehaviour(), Misbehaviour(404), Misbehaviour(delay=20, lasting=True))
        ok, error, analysis = await desk.analyze_match(LINK, 1)
        assert (ok, error) == (True, None)
        assert analysis is not None
        assert analysis["players_known"] == 0

    ask(STAGES[0], case, read=20.0, attempts=1)


def test_all_of_a_call_has_one_time_together(in_stage: InStage, run: Run, settings: Settings) -> None:
    in_stage(STAGES[0])
    User.records.create(User(user_id=1, language="en", faceit_player_id=PLAYER))
    settings.REQUEST_TIMEOUT = 12
    seconds: list[float] = []

    class Noting:
        def __getattr__(self, name: str) -> Any:
            async def asked(*_: Any, **__: Any) -> Any:
                seconds.append(left())
                raise NotFound(name)

            return asked

    async def go() -> None:
        desk = Switchyard(faceit=Noting())
        assert not (await desk.analyze_match(LINK, 1))[0]
        assert not (await desk.link_faceit_account(1, NICKNAME))[0]
        assert not (await desk.get_match_history(1))[0]

    run(go())
    assert len(seconds) == 3
    assert all(0 < each <= 12 for each in seconds)


def test_the_history_goes_as_far_as_the_tier_and_looks_up_the_latest(
    ask: Callable[..., Any], settings: Settings
) -> None:
    settings.MATCH_HISTORY = {"free": 20, "premium": 50, "pro": 200}
    items = [other(item(), 300 - number) for number in range(150)]

    async def case(faceit: Faceit, desk: Switchyard) -> list[int]:
        lengths = []
        for tier, pages in (("free", [20]), ("pro", [100, 100])):
            await Subscription.records.aupdate_many(
                [1],
                lambda changes, tier=tier: setattr(_its(changes), "tier", tier),  # type: ignore[misc]
            )
            seen = len(faceit.seen)
            for at, page in enumerate(pages):
                part = items[100 * at : 100 * at + page]
                faceit.plan(Misbehaviour(body=json.dumps({"items": part}).encode()))
            ok, _, history = await desk.get_match_history(1)
            assert ok
            assert len(faceit.seen) == seen + len(pages) + LOOKED_UP
            lengths.append(len(history))
            assert [one["match_id"] for one in history] == [one["match_id"] for one in items[: len(history)]]
        return lengths

    assert ask(STAGES[3], case) == [20, 150]


def _its(changes: Any) -> Subscription:
    found: Subscription = changes.get(1) or changes.create(Subscription(user_id=1))
    return found


def test_who_has_no_account_has_no_history(ask: Callable[..., Any]) -> None:
    async def case(faceit: Faceit, desk: Switchyard) -> None:
        assert await desk.get_match_history(2) == (
            False, "Аккаунт FACEIT ещё не привязан. Сначала отправьте его никнейм.", [],  # noqa: RUF001
        )  # fmt: skip
        assert await desk.get_match_history(99) == (False, "Вы ещё не зарегистрированы. Сначала отправьте /start.", [])
        assert faceit.seen == []

    ask(STAGES[0], case)


def test_a_wrong_token_is_told_as_such(in_stage: InStage, run: Run, settings: Settings) -> None:
    in_stage(STAGES[0])
    User.records.create(User(user_id=1, language="en", faceit_player_id=PLAYER))
    settings.FACEIT_API_KEY = ""

    async def go() -> None:
        async with Switchyard() as desk:
            assert (await desk.get_match_history(1))[1] == (
                "FACEIT does not let us in at present. Please write to support."
            )

    run(go())


def test_statistics_that_nobody_can_read_stand_in_nobodys_way(ask: Callable[..., Any]) -> None:
    async def case(_: Faceit, desk: Switchyard) -> None:
        for _time in range(2):
            done, why, found = await desk.get_match_history(1)
            assert (done, why, len(found)) == (True, None, 1)
        assert (await desk.analyze_match(LINK, 1))[:2] == (True, None)

    class Odd(FaceitClient):
        async def match_stats(self, match_id: str) -> dict[str, Any]:
            return {"rounds": []}

        async def history(self, *_: Any, offset: int = 0, **__: Any) -> list[dict[str, Any]]:
            return [] if offset else [item()]

    ask(STAGES[3], case, client=Odd)
    stored = Match.records.get(MATCH)
    assert stored is not None
    assert stored.statistics is None
