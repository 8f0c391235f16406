"""The nightly run: what was delivered, what is put aside, who is told, and what starts it."""
