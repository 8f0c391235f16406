"""Plain pages of text and tables, each one file without scripts, pictures or addresses."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a }
h1 { font-size: 1.6rem } h2 { font-size: 1.25rem; margin-top: 2.5rem } h3 { font-size: 1.05rem }
table { border-collapse: collapse; margin: .8rem 0; font-size: .9rem }
caption { text-align: left; font-weight: 600; padding: .3rem 0 }
th, td { border-bottom: 1px solid #ccc; padding: .3rem .7rem; text-align: left; vertical-align: top } th { background: #f2f2f2 }
td.number { text-align: right; white-space: nowrap } code { background: #f2f2f2; padding: 0 .2rem; overflow-wrap: anywhere }
nav { columns: 3 18rem }
"""


def page(language: str, title: str, parts: Sequence[str]) -> str:
    """A whole page; `parts` are HTML already."""
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body>\n<h1>{escape(title)}</h1>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """A table; the cells of `rows` are HTML already, each with its `<td>`."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"


def text(*sentences: str) -> str:
    """A paragraph; the sentences are HTML already."""
    return f"<p>{' '.join(sentences)}</p>"


def code(words: str) -> str:
    """A name as the database has it."""
    return f"<code>{escape(words)}</code>"
