"""The draft of a layout: valid as it is, with a TODO wherever a person has to decide."""

from __future__ import annotations

import re
from collections import Counter

import yaml

from ingest.inspection.seen import SeenTable
from ingest.source.text import letters


def draft_layout(document_id: str, tables: list[SeenTable]) -> str:
    """A layout file to be completed: valid as it is, with a TODO wherever a person has to decide."""
    pattern, year = document_pattern(document_id)
    lines = [
        "# yaml-language-server: $schema=layout.schema.json",
        f"# Draft from {document_id}: every TODO is a decision; ingest/README.md explains the fields.",
        f"document_id: {_quoted(pattern)}" + ("" if year else "   # TODO: the file's name has no year"),
        'municipality_code: "0000"   # TODO',
        "municipality: TODO",
        f"board: {_quoted('TODO')}",
        "kind: plan   # TODO: annual_report, interim_report or plan",
        'title: "TODO {Y}"',
        'period: "{Y}"   # TODO: what the report covers, e.g. "{Y}-01..{Y}-08"',
        'as_of: "{Y}-12-31"   # TODO: the date it speaks of',
        "",
        "tables:",
    ]
    heads = Counter(letters(table.head or table.title or "") for table in tables)
    for number, table in enumerate(tables, 1):
        lines += [*_draft_table(number, table, year, heads), ""]
    if not tables:
        lines[-1] = "tables: []   # no table of figures was seen"
    return "\n".join(lines).rstrip() + "\n"


def document_pattern(document_id: str) -> tuple[str, int | None]:
    """The pattern of a report's name in every year, with its groups `year` and `month`, and the year of this one."""
    match = re.search(r"(?<!\d)((?:19|20)\d\d)(?:-(0[1-9]|1[0-2])(?!\d)|(-(?:19|20)\d\d))?(?!\d)", document_id)
    if match is None:
        return re.escape(document_id).replace(r"\-", "-") + r"_(?P<year>\d{4})", None
    groups = r"(?P<year>\d{4})" + (r"-(?P<month>\d\d)" if match[2] else r"-\d{4}" if match[3] else "")
    before, after = (re.escape(text).replace(r"\-", "-") for text in (document_id[: match.start()], document_id[match.end() :]))
    return before + groups + after, int(match[1])


def _draft_table(number: int, table: SeenTable, year: int | None, heads: Counter[str]) -> list[str]:
    head = table.head or table.title or "TODO"
    unit = table.units[0] if table.units else "other"
    more = f"; seen: {', '.join(table.units)}" if len(table.units) > 1 else ""
    lines = [
        f"  # lines {table.first_line}-{table.last_line}: {table.row_count} rows of {table.column_count} columns",
        f"  - key: table_{number}   # TODO",
        f"    title: {_quoted(_with_year(table.title or 'TODO', year))}   # TODO",
        "    subject: TODO   # seeds/subject.csv",
        f"    unit: {unit}   # TODO{more}",
        "    # TODO for money: cost_sign: 1 where costs are printed without minus, -1 where with",
        f"    head: {_quoted(_with_year(head, year))}",
    ]
    if heads[letters(table.head or table.title or "")] > 1 and table.head and table.title:
        lines.append(f"    head_from: {_quoted(_with_year(table.title, year))}   # another table has the same head")
    if table.label_years:
        lines.append("    label_years: true")
    lines.append("    columns:   # TODO: key, label, measure, scenario and period of each; its unit where it differs")
    lines += [f"      - {{key: c{i}, label: c{i}}}" for i in range(1, table.column_count + 1)]
    if table.rows:
        until = re.sub(r"\\([ \-])", r"\1", re.escape(table.rows[-1][0]))
        lines.append(f"    until: {_quoted(_with_year(until, year))}")
    labels = Counter(label for label, _, _ in table.rows)
    rules: list[str] = []
    for rule_no, rule in enumerate(table.rules, 1):
        named = re.findall(r"'([^']*)'", rule.column or "")
        text = _with_year(rule.row or rule.column or "", year)
        axis = "row" if rule.row else "column"
        columns = f", columns: [{', '.join(rule.columns)}]" if rule.columns else ""
        line = f"      - {{name: rule_{rule_no}, kind: {rule.kind}, {axis}: {_quoted(text)}{columns}, reason: TODO.}}"
        if any(labels[label] > 1 for label in named) or any(label.count("'") for label in labels if label in text):
            line = f"      # TODO (a label stands in several rows; see child_rows): {line.strip()[2:]}"
        rules.append(line)
    if any(not line.lstrip().startswith("#") for line in rules):
        lines.append("    rules:")
    lines += rules
    lines += [f"    # TODO: not read for certain: {label}" for label in table.doubtful[:10]]
    return lines


def _with_year(text: str, year: int | None) -> str:
    """A text for every year: the fiscal year and those near it become `{Y}`, `{Y-1}` ..."""
    if year is None:
        return text

    def variable(match: re.Match[str]) -> str:
        shift = int(match[0]) - year
        return "{Y}" if not shift else f"{{Y{shift:+}}}" if abs(shift) <= 9 else match[0]

    return re.sub(r"(?<!\d)(?:19|20)\d\d(?!\d)", variable, text)


def _quoted(text: str) -> str:
    """A text as YAML on one line."""
    if "'" in text and not re.search(r'["\\\\]', text):
        return f'"{text}"'
    return yaml.safe_dump(text, allow_unicode=True, default_style="'", width=10**6).strip()
