"""Noting who is active takes no thread from those who wait for an answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime

import pytest
from pytest_django import Settings

from switchyard.facade.activity import TOUCHES, Activity

HANG = 20  # seconds


class Touching:
    """In the place of accounts.touch: each call stays until it is let go."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.let_go = threading.Event()

    def __call__(self, user_id: int, *, now: datetime) -> None:
        del now
        self.begun.append(user_id)
        assert self.let_go.wait(HANG)


@pytest.fixture
def touching(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Touching]:
    made = Touching()
    settings.ENABLE_ANALYTICS = False
    monkeypatch.setattr("accounts.services.touch", made)
    yield made
    made.let_go.set()


def wait_until(done: threading.Event, noting: Activity, user: int, touching: Touching) -> None:
    for _ in range(HANG * 100):
        noting.note(user, "menu")
        if user in touching.begun:
            return
        done.wait(0.01)
    pytest.fail(f"{user} was never noted")


def test_a_burst_of_new_faces_leaves_the_threads_to_others(touching: Touching) -> None:
    noting, never = Activity(), threading.Event()
    for user in range(1, 101):
        noting.note(user, "menu")
    never.wait(0.2)
    assert len(touching.begun) <= TOUCHES
    touching.let_go.set()
    wait_until(never, noting, 100, touching)  # who was passed over is noted at the next call
