"""An invented FACEIT statistics bot: no real person's data."""
