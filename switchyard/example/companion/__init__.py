"""The files of the companion bot: profiles, conversations, events, metrics and settings."""
