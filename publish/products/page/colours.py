"""The colours of the page, for its style sheet and its charts. No figure is told by colour alone: the tables have them all."""

MUNICIPALITY_COLOURS = ["#1b5e8c", "#c26a1b", "#4f7f5b", "#7d4e8a", "#a33b3b", "#4c5c68", "#8a7a1d", "#2a8a8a"]
STATUS_COLOURS = ["#8fb4a0", "#c9dccf", "#b3432b", "#d98e48", "#7d6aa8", "#9aa3a8", "#202020", "#606060"]
VOLUME_COLOUR, PRICE_COLOUR = "#1b5e8c", "#c26a1b"
INK, MUTED, RULE = "#1f2a33", "#5a6670", "#dfe4e8"
