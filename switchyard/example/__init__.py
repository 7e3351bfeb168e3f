"""An invented FACEIT statistics bot and an invented companion bot: no real person's data."""
