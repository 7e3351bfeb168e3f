"""The handover against real processes and servers: killed, stalled, cut off, late, and written to all the while."""
