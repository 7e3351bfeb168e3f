"""What the FACEIT Data API v4 says of a match, in its three shapes, read into one spelling. Pure functions."""
