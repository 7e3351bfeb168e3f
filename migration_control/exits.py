"""Exit statuses of the commands. README.md says what each command means by them."""

FAILED, USAGE, REFUSED, STOPPED = 1, 2, 3, 130
