"""From lines to cells: where a table stands, what its rows say, and what of it was decided, repaired or left out."""
