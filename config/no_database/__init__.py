"""The database of an installation that uses none: STORAGE_BACKEND=json with ENABLE_SERVICES=false."""
