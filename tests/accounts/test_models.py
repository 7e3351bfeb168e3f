"""What the table of users holds and refuses."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from accounts.models import User
from tests.staff import give_authority_to_the_database

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _database_is_the_authority() -> None:
    give_authority_to_the_database("users")


def test_two_users_do_not_share_a_faceit_account() -> None:
    User.objects.create(user_id=1, faceit_player_id="p")
    with pytest.raises(IntegrityError, match="one_user_per_faceit_account"):
        User.objects.create(user_id=2, faceit_player_id="p")


def test_a_marked_duplicate_may_share_it() -> None:
    User.objects.create(user_id=1, faceit_player_id="p")
    User.objects.create(user_id=2, faceit_player_id="p", duplicate=True)
    assert User.objects.filter(faceit_player_id="p").count() == 2


@pytest.mark.parametrize("nothing", [None, ""])
def test_any_number_of_users_have_no_account(nothing: str | None) -> None:
    for key in (1, 2, 3):
        User.objects.create(user_id=key, faceit_player_id=nothing)
    assert User.objects.count() == 3


def test_ids_beyond_32_bits_and_texts_of_any_length_fit() -> None:
    User.objects.create(user_id=2**52, faceit_nickname="x" * 10_000)
    assert User.objects.get(pk=2**52).faceit_nickname == "x" * 10_000
