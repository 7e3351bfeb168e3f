"""One slice of one run: claim it, work for some seconds, let go. Whatever happens is in the row."""

from __future__ import annotations

import logging
import sqlite3
import time

from django.db import InterfaceError, OperationalError, connection

from legacy_json.errors import IndexUnwritable, LegacyError, SourceUnstable, StoreBusy
from legacy_json.keys import BadKey
from migration_control import components, store
from migration_control.components import UnknownComponent
from migration_control.copying import AuthorityMoved
from migration_control.importing import Import, conclude
from migration_control.models import Run
from migration_control.run_states import RunState
from migration_control.runs import Lease, LeaseLost, claim
from migration_control.undoing import Undo
from migration_control.wording import first_line

log = logging.getLogger(__name__)

SLICE = 10.0  # seconds; a worker that is told to stop does so after at most this
ATTEMPTS = 5  # failures in a row before a run is given up


def advance(run_id: int, seconds: float = SLICE) -> bool:
    """Work on the run for some time. True if there is more to do at once, False if not, or not by us."""
    lease = claim(run_id)
    if lease is None:
        return False
    run = Run.objects.select_related("target").get(pk=run_id)
    try:
        return _work(run, lease, time.monotonic() + seconds)
    except LeaseLost:
        return False
    except (SourceUnstable, StoreBusy) as error:
        lease.release(str(error))
    except IndexUnwritable as error:
        _try_again(run, lease, error)
    except (LegacyError, AuthorityMoved, UnknownComponent, BadKey) as error:
        lease.end(RunState.FAILED, str(error))
    except (OperationalError, InterfaceError, sqlite3.OperationalError, OSError) as error:
        _try_again(run, lease, error)
    except Exception as error:
        log.exception("run %s failed", run_id)
        lease.end(RunState.FAILED, f"{type(error).__name__}: {error}")
    finally:
        # After an end this changes nothing; after anything else another worker need not wait for the lease.
        _release(lease)
    return False


def _work(run: Run, lease: Lease, until: float) -> bool:
    if run.state != RunState.RUNNING:
        return False  # staff want it stopped, and its last worker is gone
    component = components.get(run.component_id)
    index = store.index()
    work = Undo(run, lease, component, index) if run.kind == Run.Kind.UNDO else Import(run, lease, component, index)
    finished = work.work(until)
    if finished and run.kind == Run.Kind.UNDO:
        run.refresh_from_db()
        lease.end(RunState.COMPLETED, f"{run.deleted} rows removed, {run.kept} kept because they changed since")
        return False
    if finished:
        conclude(run, lease, component, index)
        return False
    return lease.state() == RunState.RUNNING


def _try_again(run: Run, lease: Lease, error: Exception) -> None:
    """The disk is full, the server restarts, the connection is cut: the next slice may fare better."""
    log.warning("run %s: %s", run.pk, error)
    connection.close()
    reason = first_line(error)
    run.refresh_from_db(fields=["attempts"])  # a good batch has begun the count anew
    if run.attempts + 1 >= ATTEMPTS:
        lease.end(RunState.FAILED, f"given up after {ATTEMPTS} attempts: {reason}")
    else:
        lease.update(attempts=run.attempts + 1, message=f"attempt {run.attempts + 1} of {ATTEMPTS} failed: {reason}")


def _release(lease: Lease) -> None:
    try:
        lease.release()
    except (OperationalError, InterfaceError):
        log.warning("run %s will be free again when its lease runs out", lease.run)
