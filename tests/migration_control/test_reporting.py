"""What a terminal, or a log, shows of the ledger."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from legacy_json.index import Ledger
from migration_control import components
from migration_control.reporting import ledger_table


def test_no_figure_is_cut_however_narrow_the_place() -> None:
    ledger = Ledger(
        component="conversations",
        entries=3_557_066,
        imported=3_557_001,
        quarantined=16,
        deleted=2,
        pending=0,
        repaired=23,
        pruned=7,
        tombstones=0,
        superseded=40,
    )
    out = StringIO()
    Console(file=out, soft_wrap=True, width=80).print(
        ledger_table([(components.get("conversations"), ledger, 3_557_001)])
    )
    heading, line = out.getvalue().splitlines()
    assert "…" not in heading + line
    assert heading.split()[0] == "component"
    assert line.split()[0] == "conversations"
    assert line.split().count("3,557,001") == 2
