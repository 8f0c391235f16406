"""From extracted data to a published file: load and gate, dbt, audit, versions."""
