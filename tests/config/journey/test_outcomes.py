"""What becomes of each defect that the example stores have: docs/defects.md, all of it together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pytest_django import Settings

from config.journey.fates import ARRIVED, LOST, Fate, look
from legacy_json.records import SUPERSEDED, Outcome
from migration_control import components, reporting, runs, store
from switchyard.example.planting import Spot, Written
from switchyard.example.store import write_stores
from tests.migration_control.world import work

ZONE = ZoneInfo("Europe/Berlin")
ORDER = (ARRIVED, Outcome.REPORTED, Outcome.REPAIRED, SUPERSEDED, Outcome.QUARANTINED, LOST)
DATES = "date_is_a_sentence date_in_epoch_seconds date_in_epoch_milliseconds date_of_14_digits date_only time_only"
# By component and file: the defects of which an entry does not simply arrive.
NOT_AS_IT_IS = {
    ("users", "data.json"): {
        "quarantined": "duplicate_user_id user_id_missing user_id_over_63_bits entry_not_an_object"
        " total_requests_10_to_the_30 total_requests_nan number_over_every_float",
        "repaired": f"{DATES} date_with_z date_with_offset user_id_as_text user_id_as_float duplicate_member_name"
        " number_as_text fraction_as_text lone_surrogate nul_in_nickname",
        "reported": "shared_faceit_player_id",
    },
    ("subscriptions", "data.json"): {
        "quarantined": "duplicate_user_id user_id_missing subscription_not_an_object",
        "reported": "shared_referral_code",
    },
    ("matches", "matches.json"): {
        "quarantined": "duplicate_match_id match_id_empty match_id_with_nul match_not_an_object match_null"
        " best_of_10_to_the_30 statistics_with_nan statistics_over_every_float",
        "repaired": f"{DATES} duplicate_member_name best_of_as_text details_a_text map_a_list competition_name_with_nul"
        " competition_name_with_lone_surrogate",
    },
    ("profiles", "girls_data.json"): {
        "quarantined": "duplicate_key key_no_number key_over_63_bits key_with_a_fraction profile_null profile_a_list",
        "repaired": "key_with_spaces name_with_nul",
    },
    ("profiles", "girls_data/*.json"): {
        "quarantined": "two_files_of_one_chat file_name_no_chat_id file_name_over_63_bits file_a_list file_a_text"
        " message_count_10_to_the_30 message_count_nan message_count_over_every_float profile_with_infinity",
        "repaired": f"{DATES} date_with_z date_with_offset duplicate_member_name name_null name_with_nul"
        " name_with_lone_surrogate message_count_as_text message_count_fraction_as_text message_count_as_float"
        " summary_a_text summary_null profile_a_list",
    },
    ("conversations", "conversations/*.json"): {
        "quarantined": "message_not_an_object message_null unknown_key_nan unknown_key_over_every_float"
        " file_name_no_chat_id file_name_over_63_bits file_name_with_leading_zeros file_name_with_a_copy_number",
        "repaired": f"{DATES} date_without_zone date_with_offset duplicate_member_name text_null text_a_number"
        " text_a_list text_with_nul text_with_lone_surrogate",
    },
    ("analytics", "analytics_*.json"): {
        "quarantined": "event_not_an_object event_null event_data_with_nan",
        "repaired": f"{DATES} duplicate_member_name event_data_with_a_name_twice event_type_a_number"
        " event_type_with_nul bot_id_a_number",
    },
    ("analytics", "metrics.json"): {
        "quarantined": "snapshot_not_an_object metrics_with_nan metrics_over_every_float",
        "repaired": DATES,
    },
    ("configuration", "config.json"): {
        "quarantined": "setting_twice name_empty name_with_nul name_with_lone_surrogate value_nan value_minus_infinity"
        " value_over_every_float",
        "repaired": "value_with_a_name_twice",
    },
}


@pytest.mark.django_db(transaction=True)
def test_every_planted_defect_ends_as_the_table_says(tmp_path: Path, settings: Settings) -> None:
    settings.LEGACY_DIR, settings.LEGACY_INDEX = tmp_path / "bots", tmp_path / "index.sqlite3"
    settings.LEGACY_TIME_ZONE = ZONE.key
    written = write_stores(settings.LEGACY_DIR, users=300)
    for component in components.everything():
        work(runs.request(component, requested_by="test"))
    fates: list[Fate] = []
    sources = {source.name: source for c in components.everything() for source in store.sources_of(c)}
    tallies = look(settings.LEGACY_DIR, sources.values(), ZONE, fates.append)
    store.index().close()

    odd = {where: outcome for where, outcome in found(written, fates) if outcome != ARRIVED}
    assert odd == {
        (*place, defect): outcome
        for place, ends in NOT_AS_IT_IS.items()
        for outcome, defects in ends.items()
        for defect in defects.split()
    }
    for component, ledger, rows in reporting.ledgers(components.everything()):
        tally = tallies[component.name]
        assert ledger.balanced
        assert (ledger.entries, ledger.imported, rows) == (tally.entries, tally.round_trip, tally.round_trip)
        assert ledger.superseded == tally.outcomes[SUPERSEDED]


def found(written: list[Written], fates: list[Fate]) -> Iterator[tuple[tuple[str, str, str], str]]:
    """By component, file and defect: the worst that became of its entries."""
    # Of metrics.json the history comes first, and what is planted lies there.
    outcomes = {(fate.component, Spot(fate.file, fate.entry)): fate.outcome for fate in reversed(fates)}
    for of in written:
        for component in of.entries:
            for defect, spots in of.spots.items():
                here = [outcomes[component, spot] for spot in spots if (component, spot) in outcomes]
                if here:
                    yield (component, of.file, defect), max(here, key=ORDER.index)
