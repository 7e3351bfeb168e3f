"""`manage.py servers`: the embedded servers alone, until Ctrl-C."""

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ...connections import masked
from ...embedded import ServerError, Servers


class Command(BaseCommand):
    help = "Run the embedded PostgreSQL and Valkey until Ctrl-C, for commands and a shell beside them."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DATABASE_USED:
            raise CommandError("ENABLE_SERVICES is false: there is nothing to start. Set it to true for the servers.")
        if not settings.EMBEDDED_DATABASE and not settings.EMBEDDED_REDIS:
            raise CommandError("DATABASE_URL and REDIS_URL name other servers: there is nothing to start.")
        ends = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
        # Blocked from before the start, so that an early Ctrl-C still stops what has been started.
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)
        try:
            with Servers(settings.VAR_DIR) as servers:
                for text in (servers.notice, masked(servers.database_url), masked(servers.redis_url), "Ctrl-C stops."):
                    if text:
                        self.stdout.write(text)
                self.stdout.flush()
                signal.sigwait(ends)
        except ServerError as error:
            raise CommandError(str(error)) from error
