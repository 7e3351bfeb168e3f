"""Processes and signals."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import supervisor
from config.supervisor import ENDS, Service, Supervisor, raise_on_signals

SLEEP = Service("sleep", ("-c", "import time; time.sleep(60)"), patience=5)


@pytest.fixture
def signals() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in ENDS}
    raise_on_signals()
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
def test_ctrl_c_while_a_service_starts_is_not_lost(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # In the child, between fork and exec: the parent has it when it runs the callbacks that swallow exceptions.
    monkeypatch.setattr(supervisor, "_die_with_parent", lambda: lambda: os.kill(os.getppid(), signal.SIGINT))
    services = Supervisor(tmp_path)
    try:
        with pytest.raises(KeyboardInterrupt):
            services.start(SLEEP)
        (child,) = services.children
    finally:
        services.stop()
    assert child.process.returncode is not None
