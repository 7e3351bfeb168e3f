from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from matches.models import Match, Player
from migration_control.admin.documents import DocumentAdmin
from migration_control.admin.show import NOTHING


@admin.register(Match)
class MatchAdmin(DocumentAdmin[Match]):
    list_display = ("match_id", "status", "finished_at", "map", "teams", "score", "competition_name")
    list_filter = ("status", "finished_at")
    sortable_by = ("match_id", "finished_at")
    ordering = ("match_id",)
    searched: ClassVar[dict[str, str]] = {"match_id": "exact"}
    search_help_text = "A FACEIT match id, whole"
    facts = True

    @admin.display(description="Teams")
    def teams(self, match: Match) -> str:
        names = [name for name in (match.faction1_name, match.faction2_name) if name]
        return " - ".join(names) or NOTHING

    @admin.display(description="Score")
    def score(self, match: Match) -> str:
        scores = (match.faction1_score, match.faction2_score)
        return NOTHING if None in scores else "{}:{}".format(*scores)


@admin.register(Player)
class PlayerAdmin(DocumentAdmin[Player]):
    list_display = ("player_id", "known")
    sortable_by = ("player_id",)
    ordering = ("player_id",)
    searched: ClassVar[dict[str, str]] = {"player_id": "exact"}
    search_help_text = "A FACEIT player id, whole"
    facts = True

    @admin.display(description="Matches")
    def known(self, player: Player) -> int:
        return len(player.matches) if isinstance(player.matches, dict) else 0
