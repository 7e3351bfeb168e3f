"""What each process begins with."""

import django

django.setup()

from migration_control.moving import recovery, steps  # noqa: E402, F401
from migration_control.routing import records, router  # noqa: E402, F401
from tests.soak import actor, mutations, points, settling, world  # noqa: E402, F401
from tests.soak.crew import editor, files, handlers, importer, mover, raw, worker, writer  # noqa: E402, F401
