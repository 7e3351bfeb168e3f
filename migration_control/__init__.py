"""Stages, copying, runs, the ledger: what moves a component between its two stores."""
