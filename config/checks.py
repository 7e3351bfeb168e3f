"""System checks switchyard.E001-E027: every environment variable that cannot be used, with its remedy."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured


@register
def check_environment(**_: Any) -> Sequence[CheckMessage]:
    """Report what settings could not use."""
    return [Error(problem.fact, problem.remedy, id=problem.id) for problem in settings.ENVIRONMENT_PROBLEMS]


def refuse_problems() -> None:
    """Raise ImproperlyConfigured for the first problem: a web server runs no checks, and must not run on defaults."""
    for problem in settings.ENVIRONMENT_PROBLEMS:
        raise ImproperlyConfigured(str(problem))
    if not settings.DATABASE_USED:
        raise ImproperlyConfigured(
            "The admin needs the database, and ENABLE_SERVICES is false. Set ENABLE_SERVICES=true to serve it."
        )
