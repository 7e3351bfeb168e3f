"""What the companion bot asks of profiles, messages, summaries, backups and settings: one module each."""

from conversations.services import backups, configuration, messages, profiles, summaries

__all__ = ["backups", "configuration", "messages", "profiles", "summaries"]
