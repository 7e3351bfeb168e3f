"""Findings in the admin: found, read safely, acknowledged once."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from migration_control import findings
from migration_control.models import Finding
from tests.migration_control.world import Bot, Importer, user
from tests.staff import VIEWS, said, staff

pytestmark = pytest.mark.django_db(transaction=True)

FINDINGS = "/admin/migration_control/finding/"
HOSTILE = "</pre><script>alert(1)</script>"


@pytest.fixture
def keeper() -> Client:
    return staff(*VIEWS, "acknowledge_findings", "view_user")


def a_finding(**values: Any) -> Finding:
    usual: dict[str, Any] = {
        "component_id": "users",
        "key": "7",
        "source": "data.json",
        "ordinal": 3,
        "phase": "reading",
        "outcome": "quarantined",
        "code": "no-key",
        "detail": "it has no key",
    }
    return Finding.objects.create(**(usual | values))


def acknowledge(client: Client, *chosen: Finding, **data: Any) -> Any:
    return client.post(FINDINGS, {"action": "acknowledge", "_selected_action": [f.pk for f in chosen], **data})


def test_what_a_file_holds_is_escaped_everywhere(keeper: Client) -> None:
    finding = a_finding(key=HOSTILE, source=HOSTILE, code=HOSTILE, detail=HOSTILE, raw=HOSTILE.encode() + b"\xff\x00")
    pages = [keeper.get(FINDINGS), keeper.get(f"{FINDINGS}{finding.pk}/change/"), acknowledge(keeper, finding)]
    for page in pages:
        text = page.content.decode()
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text
    assert r"\xff" in pages[1].content.decode()


def test_a_long_record_is_shown_in_part_and_says_so(keeper: Client) -> None:
    finding = a_finding(raw=b"x" * 150_000)
    page = keeper.get(f"{FINDINGS}{finding.pk}/change/").content.decode()
    assert "50,000 characters more" in page
    assert page.count("x" * 100) <= 1000


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("component__name__exact=subscriptions", ["s"]),
        ("outcome__exact=repaired", ["r"]),
        ("code=odd", ["c"]),
        ("phase=mapping", ["m"]),
        ("acknowledged=yes", ["a"]),
        ("q=in the middle", ["d"]),
        ("q=key-k", ["key-k"]),
    ],
)
def test_findings_are_filtered_and_searched(keeper: Client, query: str, found: list[str]) -> None:
    a_finding(key="s", component_id="subscriptions")
    a_finding(key="r", outcome="repaired")
    a_finding(key="c", code="odd")
    a_finding(key="m", phase="mapping")
    a_finding(key="d", detail="what stands in the middle of it")
    a_finding(key="key-k")
    findings.acknowledge(Finding.objects.filter(pk=a_finding(key="a").pk), by="bob")
    page = keeper.get(f"{FINDINGS}?{query}")
    assert [finding.key for finding in page.context["cl"].result_list] == found


def test_a_finding_links_to_its_record_if_the_database_has_it(keeper: Client, bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1, total_requests="12"), user(2, total_requests=10**30))
    run_import()
    repaired, quarantined = Finding.objects.get(key="1"), Finding.objects.get(key="2")
    assert "/admin/accounts/user/1/change/" in keeper.get(f"{FINDINGS}{repaired.pk}/change/").content.decode()
    page = keeper.get(f"{FINDINGS}{quarantined.pk}/change/").content.decode()
    assert "not in the database" in page
    assert str(10**30) in page


@pytest.mark.parametrize("key", [None, "<b>", "9" * 30, "-1"])
def test_a_key_that_no_record_has_links_nowhere(keeper: Client, key: str | None) -> None:
    assert "not in the database" in keeper.get(f"{FINDINGS}{a_finding(key=key).pk}/change/").content.decode()


def test_acknowledging_is_previewed_then_confirmed(keeper: Client) -> None:
    first, second = a_finding(), a_finding(key="8")
    preview = acknowledge(keeper, first)
    assert "1 finding will be marked" in preview.content.decode()
    first.refresh_from_db()
    assert first.acknowledged_at is None
    assert "1 acknowledged" in said(acknowledge(keeper, first, newest=str(first.pk)))
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.acknowledged_by, second.acknowledged_by) == ("ann", "")
    assert first.acknowledged_at is not None


def test_the_first_to_acknowledge_stays_on_record(keeper: Client) -> None:
    finding = a_finding()
    findings.acknowledge(Finding.objects.all(), by="bob")
    assert "somebody else has done it" in said(acknowledge(keeper, finding, newest=str(finding.pk)))
    finding.refresh_from_db()
    assert finding.acknowledged_by == "bob"


def test_of_all_that_a_filter_meets_only_what_was_shown_is_acknowledged(keeper: Client) -> None:
    shown = a_finding()
    a_finding(outcome="repaired")
    later = a_finding()
    data = {"action": "acknowledge", "_selected_action": shown.pk, "select_across": "1", "newest": str(later.pk - 1)}
    keeper.post(f"{FINDINGS}?outcome__exact=quarantined", data)
    assert list(Finding.objects.exclude(acknowledged_at=None)) == [shown]


def test_who_may_only_look_acknowledges_nothing() -> None:
    viewer, finding = staff(*VIEWS), a_finding()
    acknowledge(viewer, finding, newest=str(finding.pk))
    finding.refresh_from_db()
    assert finding.acknowledged_at is None
    assert "Acknowledge…" not in viewer.get(f"{FINDINGS}{finding.pk}/change/").content.decode()


def test_acknowledging_takes_a_csrf_token() -> None:
    client, finding = staff(*VIEWS, "acknowledge_findings", csrf=True), a_finding()
    assert acknowledge(client, finding, newest=str(finding.pk)).status_code == 403


def test_a_list_never_loads_the_bytes(keeper: Client, django_assert_max_num_queries: Any) -> None:
    a_finding(raw=b"x" * 1000)
    with django_assert_max_num_queries(30) as queries:
        keeper.get(FINDINGS)
    assert not any('"raw"' in query["sql"] for query in queries.captured_queries)
