"""Matches: stored from the API's documents, found by player, analysed, cleaned up. Sync; the same in every stage."""

from matches.figures import Form, MapFigures, PlayerStatistics
from matches.links import BadLink, match_id_of
from matches.services.analysis import Analysis, UnknownMatch, analyse, fresh, store_analysis
from matches.services.cleaning import clean_up
from matches.services.players import player_statistics
from matches.services.reading import get, recent
from matches.services.storing import Relisted, list_players_anew, store_details, store_history, store_statistics
from matches.shapes.checked import BadDocument

__all__ = [
    "Analysis", "BadDocument", "BadLink", "Form", "MapFigures", "PlayerStatistics", "Relisted", "UnknownMatch",
    "analyse", "clean_up", "fresh", "get", "list_players_anew", "match_id_of", "player_statistics", "recent",
    "store_analysis", "store_details", "store_history", "store_statistics",
]  # fmt: skip
