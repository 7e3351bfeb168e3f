"""The first staff user of an installation."""

import secrets

from django.contrib.auth import get_user_model

NAME = "admin"


def first_superuser() -> str | None:
    """Make the superuser "admin" unless there is a superuser (or an "admin"); return its password, kept nowhere."""
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists() or users.filter(username=NAME).exists():
        return None
    password = secrets.token_urlsafe(12)
    users.create_superuser(NAME, password=password)
    return password
