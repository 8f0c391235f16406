"""Reads the comparison page as a browser without scripts would: panels, tables, rows, and the text under each row."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "link", "img", "input", "source", "hr"}


@dataclass
class ReadRow:
    """A row: its head, its values, and the text of the source under it."""

    head: str
    values: list[str]
    source: str = ""


@dataclass
class ReadTable:
    caption: str = ""
    heads: list[str] = field(default_factory=list)
    rows: list[ReadRow] = field(default_factory=list)


@dataclass
class ReadPanel:
    section: str
    key: str
    choice: dict[str, str]
    tables: list[ReadTable] = field(default_factory=list)
    text: str = ""


class ReadPage(HTMLParser):
    """The page; well-formed, or reading it fails."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.panels: list[ReadPanel] = []
        self.scripts: list[tuple[str, str]] = []
        self.styles: list[str] = []
        self.text = ""
        self._section = ""
        self._panel_depth = 0
        self._under = False
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "section":
            self._section = found["id"]
        elif tag == "div" and found.get("class") == "panel":
            self.panels.append(ReadPanel(self._section, found["data-panel"], json.loads(found["data-choice"])))
            self._panel_depth = len(self.open)
        elif tag == "script":
            self.scripts.append((found.get("type", ""), ""))
        elif tag == "style":
            self.styles.append("")
        elif self._panel_depth and tag == "table":
            self.panels[-1].tables.append(ReadTable())
        elif self._panel_depth and tag == "tr":
            self._under = found.get("class") == "under"
            if "tbody" in self.open and not self._under:
                self._table.rows.append(ReadRow("", []))
        elif self._panel_depth and tag == "td" and not self._under:
            self._table.rows[-1].values.append("")
        elif self._panel_depth and tag == "th" and "thead" in self.open:
            self._table.heads.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} closes what is not open"
        if tag == "div" and self._panel_depth == len(self.open) + 1:
            self._panel_depth = 0

    def handle_data(self, data: str) -> None:
        inside = set(self.open)
        if "script" in inside:
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        elif "style" in inside:
            self.styles[-1] += data
        else:
            self.text += data
            if self._panel_depth:
                self._panel_text(data, inside)

    def _panel_text(self, data: str, inside: set[str]) -> None:
        self.panels[-1].text += data
        if "caption" in inside:
            self._table.caption += data
        elif "thead" in inside and "th" in inside:
            self._table.heads[-1] += data
        elif "td" in inside and self._under:
            self._table.rows[-1].source += data
        elif "td" in inside:
            self._table.rows[-1].values[-1] += data
        elif "th" in inside:
            self._table.rows[-1].head += data

    @property
    def _table(self) -> ReadTable:
        return self.panels[-1].tables[-1]

    def panels_of(self, section: str) -> list[ReadPanel]:
        return [panel for panel in self.panels if panel.section == section]


def plain(text: str) -> str:
    """Without markup's line breaks."""
    return re.sub(r"[ \n]+", " ", text).strip()
