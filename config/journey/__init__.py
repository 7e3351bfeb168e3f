"""The journey of `make demo`: from a bot's file to the database and back, each step shown and checked."""
