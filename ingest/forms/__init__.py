"""Data that somebody else extracted: forms in XLSX or CSV, with the same cells as a report."""
