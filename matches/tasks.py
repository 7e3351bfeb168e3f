"""Celery's side of matches."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db import Error
from django.utils import timezone

from legacy_json.errors import LegacyError, NotOurs, NotReadYet
from matches import services
from matches.models import Match
from migration_control import components
from migration_control.routing.errors import RouterError

log = logging.getLogger(__name__)


@shared_task(name="matches.tasks.clean_up", soft_time_limit=3600, time_limit=3660)
def clean_up() -> int:
    """Delete the matches that MATCH_RETENTION_DAYS no longer keeps. Returns how many. What cannot be done now is done
    at the next time.
    """
    kept: int | None = settings.MATCH_RETENTION_DAYS
    if kept is None or not components.get(Match.component).served:
        return 0
    try:
        return services.clean_up(before=timezone.now() - timedelta(days=kept))
    except (NotOurs, NotReadYet) as error:
        log.debug("Matches are the bot's own to clean up: %s", error)
    except (RouterError, LegacyError, Error) as error:
        log.warning("Matches are not cleaned up just now: %s", error)
    return 0
