"""The installation: settings, servers, processes. Nothing of the project imports from here."""
