"""A report that no layout knows: the tables its text seems to hold, and the draft of a layout for them."""
