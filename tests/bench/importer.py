"""One import in a process of its own; prints its time and its peak memory as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time


def main(batch_size: int | None) -> None:
    import django

    django.setup()
    from migration_control import components, runs
    from migration_control.advance import advance
    from migration_control.models import Run

    run = runs.request(components.get("users"), requested_by="bench", batch_size=batch_size)
    started = time.perf_counter()
    while advance(run.pk):
        continue
    seconds = time.perf_counter() - started
    run = Run.objects.get(pk=run.pk)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    found = {"seconds": seconds, "inserted": run.inserted, "state": run.state, "megabytes": kilobytes / 1024}
    print(json.dumps(found | {"message": run.message}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)
