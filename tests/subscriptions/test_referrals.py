"""Who brings somebody has a bonus, and so has who was brought: once, in both records or in neither."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from migration_control.given import BadInput
from subscriptions import services
from subscriptions.errors import AlreadyReferred, NoFreeCode, OwnCode, ReferredByYou, UnknownCode, UnknownUser
from subscriptions.models import Subscription
from tests.migration_control.stores.worlds import SUBSCRIPTIONS, JsonBackdoor, in_threads
from tests.subscriptions.scene import ANN, BOB, CAT, NOBODY, NOW, Scene, days, has, time_of

CANDIDATE = "subscriptions.services.referrals._candidate"


def state(user_id: int) -> tuple[object, ...]:
    found = has(user_id)
    return found.tier, found.expires_at, found.referred_by, found.referrals_count


def test_a_code_has_eight_characters_and_is_made_once(scene: Scene) -> None:
    scene.join(ANN)
    code = services.referral_code(ANN, now=NOW)
    assert len(code) == 8
    assert code.isalnum()
    assert services.referral_code(ANN, now=NOW) == has(ANN).referral_code == code
    with pytest.raises(UnknownUser):
        services.referral_code(NOBODY, now=NOW)


def test_a_code_that_somebody_has_is_drawn_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.subscribe(ANN, referral_code="TAKEN234")
    scene.join(BOB)
    drawn: Iterator[str] = iter(["TAKEN234", "TAKEN234", "FREE2345"])
    monkeypatch.setattr(CANDIDATE, lambda: next(drawn))
    assert services.referral_code(BOB, now=NOW) == "FREE2345"
    scene.join(CAT)
    monkeypatch.setattr(CANDIDATE, lambda: "TAKEN234")
    with pytest.raises(NoFreeCode):
        services.referral_code(CAT, now=NOW)


def test_many_who_ask_at_once_have_one_code_each_and_no_two_the_same(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SCENARIO 47: also while JSON is the authority."""
    people = [ANN + number for number in range(8)]
    scene.join(*people)
    drawn = iter([f"CODE{number // 4:04}" for number in range(400)])
    monkeypatch.setattr(CANDIDATE, lambda: next(drawn))
    found: list[tuple[int, str]] = []
    ask = lambda n: found.append((people[n % 8], services.referral_code(people[n % 8], now=NOW)))  # noqa: E731
    assert in_threads(24, ask) == []
    assert len(set(found)) == 8
    assert len({code for _, code in found}) == 8


def test_whom_an_import_marked_is_given_another_code_and_the_holder_keeps_it(json_scene: Scene) -> None:
    json_scene.subscribe(ANN, referral_code="TWICE234")
    json_scene.join(BOB, CAT)
    backdoor = JsonBackdoor(Subscription.records.component, json_scene.ground.index)
    assert backdoor.component.name == SUBSCRIPTIONS.component
    backdoor.put_as_it_is(Subscription(user_id=BOB, referral_code="TWICE234", duplicate=True))
    services.apply_referral(CAT, "TWICE234", now=NOW)
    assert has(CAT).referred_by == ANN
    code = services.referral_code(BOB, now=NOW)
    assert code != "TWICE234"
    assert services.referral_code(BOB, now=NOW) == code
    assert services.referral_code(ANN, now=NOW) == "TWICE234"


def test_both_have_their_bonus(scene: Scene) -> None:
    scene.subscribe(ANN, referral_code="CODE2345")
    scene.join(BOB, CAT)
    services.apply_referral(BOB, " code2345 ", now=NOW)
    assert state(ANN) == ("premium", NOW + days(30), None, 1)
    assert state(BOB) == ("premium", NOW + days(7), ANN, 0)
    assert time_of(BOB)[2] == "referral_bonus"
    services.apply_referral(CAT, "CODE2345", now=NOW + days(1))
    assert state(ANN) == ("premium", NOW + days(60), None, 2)


def test_a_bonus_comes_behind_what_somebody_has(scene: Scene) -> None:
    """The old code overwrote the bonus that it gave."""
    scene.subscribe(ANN, referral_code="CODE2345", tier="premium", expires_at=NOW + days(100))
    scene.subscribe(BOB, tier="pro", expires_at=NOW + days(1), daily_requests=5, last_reset_date=NOW)
    services.apply_referral(BOB, "CODE2345", now=NOW)
    assert state(ANN) == ("premium", NOW + days(130), None, 1)
    found = has(BOB)
    assert found.tier == "pro"
    assert found.expires_at is not None
    assert NOW + days(5) < found.expires_at < NOW + days(6)  # a week of premium is 4.7 days of pro
    assert (found.daily_requests, found.referred_by) == (5, ANN)


def test_nobody_is_referred_twice_or_by_themselves_or_by_nobody(scene: Scene) -> None:
    scene.subscribe(ANN, referral_code="CODE2345")
    scene.subscribe(CAT, referral_code="CODE6789", referred_by=ANN)
    scene.join(BOB)
    for user_id, code, error in (
        (ANN, "CODE2345", OwnCode),
        (CAT, "CODE2345", AlreadyReferred),
        (BOB, "NOSUCH23", UnknownCode),
        (NOBODY, "CODE2345", UnknownUser),
    ):
        with pytest.raises(error):
            services.apply_referral(user_id, code, now=NOW)
    services.apply_referral(BOB, "CODE2345", now=NOW)
    before = state(ANN), state(BOB)
    for code in ("CODE2345", "CODE6789"):
        with pytest.raises(AlreadyReferred):
            services.apply_referral(BOB, code, now=NOW)
    assert (state(ANN), state(BOB)) == before
    assert state(CAT)[:2] == ("free", None)
    assert Subscription.records.get(NOBODY) is None


@pytest.mark.parametrize("code", ["", " ", "x" * 5_000_000, "a\0b", "\ud800", None, 7, "\u202eCODE", "😀" * 8])
def test_what_is_no_code_is_refused(json_scene: Scene, code: object) -> None:
    json_scene.join(BOB)
    with pytest.raises((BadInput, UnknownCode)):
        services.apply_referral(BOB, code, now=NOW)  # type: ignore[arg-type]
    assert Subscription.records.count() == 0


def test_of_fifty_callers_one_refers(scene: Scene) -> None:
    scene.subscribe(ANN, referral_code="CODE2345")
    scene.join(BOB)
    raised = in_threads(50, lambda _: services.apply_referral(BOB, "CODE2345", now=NOW))
    assert [type(error) for error in raised] == [AlreadyReferred] * 49
    assert state(ANN) == ("premium", NOW + days(30), None, 1)
    assert state(BOB) == ("premium", NOW + days(7), ANN, 0)


def test_of_two_who_refer_one_another_at_once_one_does(scene: Scene) -> None:
    scene.subscribe(ANN, referral_code="CODE2345")
    scene.subscribe(BOB, referral_code="CODE6789")
    pairs = [(BOB, "CODE2345"), (ANN, "CODE6789")]
    raised = in_threads(10, lambda n: services.apply_referral(*pairs[n % 2], now=NOW))
    assert sorted(type(error).__name__ for error in raised) == ["AlreadyReferred"] * 4 + ["ReferredByYou"] * 5
    assert sorted(has(user_id).referrals_count for user_id in (ANN, BOB)) == [0, 1]


def test_a_bonus_may_be_of_no_days(json_scene: Scene, settings: Settings) -> None:
    settings.REFERRED_BONUS_DAYS = 0
    json_scene.subscribe(ANN, referral_code="CODE2345")
    json_scene.join(BOB)
    services.apply_referral(BOB, "CODE2345", now=NOW)
    assert state(BOB) == ("free", None, ANN, 0)


def test_two_people_do_not_bring_one_another(scene: Scene) -> None:
    scene.subscribe(ANN, referral_code="AAAA2222")
    scene.subscribe(BOB, referral_code="BBBB2222")
    services.apply_referral(BOB, "AAAA2222", now=NOW)
    with pytest.raises(ReferredByYou):
        services.apply_referral(ANN, "BBBB2222", now=NOW)
    assert state(ANN) == ("premium", NOW + days(30), None, 1)
    assert state(BOB) == ("premium", NOW + days(7), ANN, 0)
