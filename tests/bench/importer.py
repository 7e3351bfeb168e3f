"""One import in a process of its own; prints its time and its peak memory as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path


def main(component: str, batch_size: int | None) -> None:
    import django

    django.setup()
    from migration_control import components, runs
    from migration_control.advance import advance
    from migration_control.models import Run

    run = runs.request(components.get(component), requested_by="bench", batch_size=batch_size)
    started = time.perf_counter()
    while advance(run.pk):
        continue
    seconds = time.perf_counter() - started
    run = Run.objects.get(pk=run.pk)
    print(json.dumps({"seconds": seconds, "inserted": run.inserted, "megabytes": peak_megabytes()}))


def peak_megabytes() -> float:
    """This process's own: getrusage would count what its parent had when it forked."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)  # macOS counts bytes


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)
