"""The second half of `make demo`: who is the authority changes under live traffic, and nothing of it may be lost."""
