"""docs/from-the-documents.md: every name of theirs has a row, and every name of ours is there."""

from __future__ import annotations

import inspect

import pytest

from tests.docs.names import CALLS, EVERY, FIGURES
from tests.docs.page import DOCS, Nowhere, Row, follow, resolve, rows

PAGE = DOCS / "from-the-documents.md"
ROWS = rows(PAGE)
BY_NAME = {row.name: row for row in ROWS}


def test_every_name_of_the_documents_has_a_row() -> None:
    assert [name for name in EVERY if name not in BY_NAME] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_we_name_exists(row: Row) -> None:
    for name in row.named:
        resolve(name)
    for link in row.links:
        follow(link, PAGE)
    if not row.named and not row.links:
        assert row.ours == "—"
        assert row.remark


def test_no_row_is_there_twice() -> None:
    names = [row.theirs for row in ROWS]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("row", [BY_NAME[name] for name in CALLS], ids=lambda row: row.name)
def test_calls_take_the_arguments_that_the_page_names_and_are_what_it_says(row: Row) -> None:
    call = resolve(row.named[0])
    taken = inspect.signature(call).parameters
    assert [name for name in row.parameters if name not in taken] == []
    # load() and save() may be awaited, and need not be.
    assert inspect.iscoroutinefunction(call) is not (row.remark.startswith("sync") or row.name in ("load", "save"))


@pytest.mark.parametrize("name", FIGURES)
def test_of_each_figure_it_is_said_whether_it_was_measured(name: str) -> None:
    row = BY_NAME[name]
    assert row.section == "Figures"
    assert row.remark.startswith(("measured", "unmeasured"))
    assert row.remark.startswith("measured") or not any(link.startswith("benchmarks.md") for link in row.links)


@pytest.mark.parametrize(
    "wrong",
    [
        "switchyard.fronts.Nobody", "switchyard.fronts.StorageAdapter.nothing", "switchyard.nowhere", "NO_SUCH_SETTING",
        "migration_import --nonsense", "make nonsense", "config/nowhere.py", "switchyard.E999", "What?",
    ],
)  # fmt: skip
def test_what_does_not_exist_is_noticed(wrong: str) -> None:
    with pytest.raises(Nowhere):
        resolve(wrong)


def test_a_link_to_nowhere_is_noticed() -> None:
    for link in ("nowhere.md", "operate.md#nowhere"):
        with pytest.raises(Nowhere):
            follow(link, PAGE)
