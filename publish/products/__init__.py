"""What is made from the published file: exports, pages, documentation."""
