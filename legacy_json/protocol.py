"""By which protocol a process goes, as its connections to the database say."""

APPLICATION = "switchyard"
NUMBER = 2  # 2: knows a fence that is sealed. Raised with whatever an older release cannot go on beside
NAME = f"{APPLICATION}/{NUMBER}"
