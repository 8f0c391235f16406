"""From extracted data on disk to schema raw of a database, through the gate."""
