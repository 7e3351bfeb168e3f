"""A machine with neither PostgreSQL nor Redis: what a bot runs on it, and what fails it if it looks for them."""
