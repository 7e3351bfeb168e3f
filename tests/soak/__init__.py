"""The soak: many processes write, move and break things at random, and nothing may be lost of what was acknowledged."""
