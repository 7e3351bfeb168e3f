"""From documents to a file in the bot's own formatting, and that file into its place.

Nothing here knows the index: bytes, streams and paths come in from the caller.
"""
