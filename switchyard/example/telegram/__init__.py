"""A Bot API server of our own on this machine, and people who talk to a bot through it: for tests and `make demo`."""

TOKEN = "4200000001:no-secret_of-this-machine"  # noqa: S105 - of a server that nobody else reaches
