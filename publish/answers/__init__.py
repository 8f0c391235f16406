"""Questions to the published file: what it holds, what was checked, where a figure comes from."""
