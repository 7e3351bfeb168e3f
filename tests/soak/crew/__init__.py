"""What the processes do, a module for each kind: run(actor) returns when the soak is over."""
