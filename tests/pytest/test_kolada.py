"""Kolada: the client against a server of this machine that speaks the API; snapshots; the load. The real one is never asked."""

from __future__ import annotations

import gzip
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest
from conftest import Run

from ingest.errors import GateError, KoladaError
from ingest.kolada.client import BASE_URL, Bounds, Client
from ingest.kolada.model import ChosenFigure, KeyFigure, KeyFigureValue, Pull
from ingest.kolada.pull import MAX_IDS, chosen_figures, municipality_codes, parse_years, pull
from ingest.kolada.raw import kolada_frame
from ingest.kolada.snapshot import latest_snapshot, read_snapshot, write_snapshot
from ingest.loading.load import load
from ingest.loading.store import extracted_folders
from publish.paths import PROJECT_DIR

POPULATION = ChosenFigure("N01951", "Invånare totalt, antal", "population", "divides costs")
DAY = date(2026, 3, 1)

Answer = tuple[int, dict[str, str], bytes]


def values_of(kpi: str, municipality: str, year: int) -> list[dict[str, Any]]:
    women = int(municipality) + year
    sexes = {"T": 2 * women + 1, "K": women, "M": women + 1} if kpi == "N01951" else {"T": 4321.123456}
    return [{"gender": g, "count": 1, "status": "", "value": v, "isdeleted": False} for g, v in sexes.items()]


def row(kpi: str, municipality: str, year: int, values: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    found = values_of(kpi, municipality, year) if values is None else values
    return {"kpi": kpi, "municipality": municipality, "period": year, "values": found}


class FakeKolada:
    """The API's two paths. `planned` answers come first, one per request; `edit` changes what would be answered."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.planned: list[Answer | None] = []
        self.per_page = 5000
        self.edit: Callable[[dict[str, Any]], object] = lambda page: None
        self.titles = {figure.kpi_id: figure.title for figure in chosen_figures()}
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                fake.asked.append(self.path)
                planned = fake.planned.pop(0) if fake.planned else None
                status, headers, body = planned or (200, {}, fake.page(self.path))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.host}/v3"

    def page(self, target: str) -> bytes:
        parts = urlsplit(target)
        number = int(parse_qs(parts.query).get("page", ["1"])[0])
        match parts.path.split("/")[2:]:
            case ["kpi", ids]:
                rows = [
                    {"id": i, "title": self.titles[i], "is_divided_by_gender": True} for i in ids.split(",") if i in self.titles
                ]
            case ["data", "kpi", ids, "municipality", codes, "year", years]:
                assert max(len(part.split(",")) for part in (ids, codes, years)) <= MAX_IDS
                rows = [row(i, c, int(y)) for i in ids.split(",") for c in codes.split(",") for y in years.split(",")]
            case other:
                raise AssertionError(other)
        begin = (number - 1) * self.per_page
        page = {"values": rows[begin : begin + self.per_page], "next_url": None, "previous_url": None}
        page["count"] = len(rows[begin : begin + self.per_page])
        if begin + self.per_page < len(rows):
            page["next_url"] = f"http://{self.host}{parts.path}?page={number + 1}"
        self.edit(page)
        return json.dumps(page).encode()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKolada]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = FakeKolada()
    thread = threading.Thread(target=server.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.server.shutdown()
    server.server.server_close()
    thread.join()


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(fake: FakeKolada, clock: Clock) -> Client:
    return asking(fake, clock)


def asking(fake: FakeKolada, clock: Clock, now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC), **bounds: Any) -> Client:
    return Client(fake.url, Bounds(**bounds), clock.sleep, lambda: 0.5, lambda: now)


def json_answer(page: object) -> Answer:
    return 200, {}, json.dumps(page).encode()


def fetch(client: Client, codes: tuple[str, ...] = ("0188",), years: tuple[int, ...] = (2024,)) -> Pull:
    return pull(client, [POPULATION], codes, years)


# -- what is asked and what is taken ------------------------------------------------------------------------------------


def test_values_come_as_delivered_for_all_sexes(fake: FakeKolada, client: Client) -> None:
    pulled = pull(client, chosen_figures(), ["0188"], [2024])
    assert [(v.kpi_id, v.gender, v.value) for v in pulled.values] == [
        ("N01951", "K", Decimal(2212)),
        ("N01951", "M", Decimal(2213)),
        ("N01951", "T", Decimal(4425)),
        ("N30005", "T", Decimal("4321.123456")),
        ("N30101", "T", Decimal("4321.123456")),
    ]
    ids = "N01951,N30005,N30101"
    assert fake.asked == [f"/v3/kpi/{ids}", f"/v3/data/kpi/{ids}/municipality/0188/year/2024"]
    assert [answer.path for answer in pulled.answers] == fake.asked
    assert pulled.key_figures[0] == KeyFigure("N01951", "Invånare totalt, antal", None, None, True, None)


def test_every_page_is_read(fake: FakeKolada, client: Client) -> None:
    fake.per_page = 2
    pulled = fetch(client, years=(2020, 2021, 2022, 2023, 2024))
    assert sorted({v.year for v in pulled.values}) == [2020, 2021, 2022, 2023, 2024]
    assert len(pulled.values) == 15
    assert [path.partition("?")[2] for path in fake.asked[1:]] == ["", "page=2", "page=3"]


def test_sixty_municipalities_are_asked_for_in_segments_of_25(fake: FakeKolada, client: Client) -> None:
    codes = tuple(f"{n:04}" for n in range(101, 161))
    pulled = fetch(client, codes, tuple(range(1990, 2020)))
    asked = [path.split("/") for path in fake.asked[1:]]
    assert [(len(p[6].split(",")), len(p[8].split(","))) for p in asked] == [(n, y) for n in (25, 25, 10) for y in (25, 5)]
    assert {v.municipality_code for v in pulled.values} == set(codes)
    assert len(pulled.values) == 60 * 30 * 3


def test_deleted_values_are_dropped(fake: FakeKolada, client: Client) -> None:
    def delete(page: dict[str, Any]) -> None:
        for found in page["values"]:
            if found.get("period") == 2023:
                found["isdeleted"] = True
            elif "period" in found:
                # Revised: the old value is marked, the new one stands beside it.
                found["values"].append({**found["values"][0], "value": 7, "isdeleted": True})

    fake.edit = delete
    pulled = fetch(client, years=(2023, 2024))
    assert [(v.year, v.gender, v.value) for v in pulled.values] == [(2024, "K", 2212), (2024, "M", 2213), (2024, "T", 4425)]


def test_a_missing_value_stays_missing(fake: FakeKolada, client: Client) -> None:
    fake.planned = [None, json_answer({"values": [row("N01951", "0188", 2024, [
        {"gender": "T", "count": 1, "status": "", "value": 0},
        {"gender": "K", "count": 0, "status": "Missing", "value": None},
    ])], "count": 1, "next_url": None})]  # fmt: skip
    assert [(v.gender, v.value, v.status) for v in fetch(client).values] == [("K", None, "Missing"), ("T", Decimal(0), None)]


# -- patience -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "wait"),
    [("7", 7.5), ("Sun, 01 Mar 2026 12:00:09 GMT", 9.5), ("Sun, 01 Mar 2026 11:00:00 GMT", 0.5), ("soon", 1.5)],
)
def test_too_many_requests_waits_as_long_as_asked(
    fake: FakeKolada, client: Client, clock: Clock, header: str, wait: float
) -> None:
    fake.planned = [(429, {"Retry-After": header}, b"")]
    assert len(fetch(client).values) == 3
    assert clock.waits == [wait]  # with half a second of jitter


def test_an_api_that_is_down_for_a_moment_is_asked_again(fake: FakeKolada, client: Client, clock: Clock) -> None:
    fake.planned = [(503, {}, b""), (502, {}, b""), (503, {}, b"")]
    assert len(fetch(client).values) == 3
    assert clock.waits == [1.5, 3, 6]


def test_an_api_that_stays_down_is_given_up(fake: FakeKolada, client: Client, clock: Clock) -> None:
    fake.planned = [(500, {}, b"")] * 99
    with pytest.raises(KoladaError, match=r"/v3/kpi/N01951: the API answers 500 .*, 5 times") as raised:
        fetch(client)
    assert "What to do" in str(raised.value)
    assert len(fake.asked) == 5
    assert clock.waits == [1.5, 3, 6, 12]


def test_a_connection_that_breaks_is_tried_again(fake: FakeKolada, client: Client, clock: Clock) -> None:
    fake.planned = [(200, {"Content-Length": "999"}, b"{"), (200, {"Content-Encoding": "gzip"}, b"no gzip")]
    assert len(fetch(client).values) == 3
    assert len(clock.waits) == 2


def test_nobody_there_is_told(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    gone = FakeKolada()
    gone.server.server_close()
    with pytest.raises(KoladaError, match=r"cannot be reached \(ConnectionError\), 5 times"):
        fetch(asking(gone, clock))


def test_a_wait_of_an_hour_is_not_waited(fake: FakeKolada, client: Client, clock: Clock) -> None:
    fake.planned = [(429, {"Retry-After": "3600"}, b"")]
    with pytest.raises(KoladaError, match="asks to wait 3,600 seconds"):
        fetch(client)
    assert clock.waits == []


@pytest.mark.parametrize("status", [302, 400, 404, 410])
def test_what_trying_again_does_not_mend_is_told_at_once(fake: FakeKolada, client: Client, clock: Clock, status: int) -> None:
    fake.planned = [(status, {"Location": "http://127.0.0.1:1/v3/kpi"}, b"")]
    with pytest.raises(KoladaError, match=f"answers {status}"):
        fetch(client)
    assert (len(fake.asked), clock.waits) == (1, [])


# -- answers that are not believed --------------------------------------------------------------------------------------

VALUE = {"gender": "T", "count": 1, "status": "", "value": 5, "isdeleted": False}


VAST = b'{"values": [{"kpi": "N01951", "municipality": "0188", "period": 2024, "values": [{"gender": "T", "value": 1e99999}]}]}'


def _page(*rows: object, **more: object) -> Answer:
    return json_answer({"values": list(rows), "next_url": None, **more})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, {}, b'{"values": ['), "is no JSON"),
        ((200, {}, b'{"values": [], "count": NaN}'), "NaN is no number"),
        ((200, {}, b"[" * 100_000), "is no JSON"),
        ((200, {}, b"\xff\xfe{"), "is no JSON"),
        ((200, {}, b"<html>Underh\xc3\xa5ll</html>"), "is no JSON"),
        (json_answer([]), "is no page of values"),
        (json_answer({"rows": []}), "values: Field required"),
        (_page(next_page="http://127.0.0.1/v3/x"), "next_page"),
        (_page(count=1), "0 values came, but count is 1"),
        (_page({"kpi": "N01951"}), "municipality: Field required"),
        (_page(row("N01951", "0188", 2024, [{**VALUE, "gender": "X"}])), "values.0.gender"),
        (_page(row("N01951", "0188", 2024, [{**VALUE, "value": "5"}])), "values.0.value"),
        (_page(row("N01951", "0188", 2024, [{**VALUE, "value": True}])), "values.0.value"),
        (_page(row("N01951", "0188", 2024, [{**VALUE, "value": 10**40}])), "no figure of this size"),
        ((200, {}, VAST), "no figure of this size"),
        (_page({**row("N01951", "0188", 2024), "period": "2024"}), "period"),
        (_page(row("N01951", "0181", 2024)), "N01951 of 0181, 2024, [KMT], which was not asked for"),
        (_page(row("N01951", "0188", 2023)), "2023, [KMT], which was not asked for"),
        (_page(row("N00001", "0188", 2024)), "N00001 of 0188, 2024, T, which was not asked for"),
        (_page(row("N01951", "0188", 2024, [VALUE, VALUE])), "2024, T twice"),
        (_page(), "has no value for any"),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_as_described_is_refused(fake: FakeKolada, client: Client, answer: Answer, words: str) -> None:
    fake.planned = [None, answer]
    with pytest.raises(KoladaError, match=words) as raised:
        fetch(client)
    assert "What to do" in str(raised.value)
    assert len(fake.asked) == 2


@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://127.0.0.2/v3/data?page=2",
        "http://127.0.0.1/v3/data?page=2",
        "https://{host}/v3/data?page=2",
        "http://{host}@127.0.0.2/v3/data?page=2",
        "http://{host}/v2/data?page=2",
        "http://{host}/v3evil?page=2",
        "//127.0.0.2/v3/data",
        "file:///etc/hostname",
        "/v3/data?page=2",
    ],
)
def test_an_answer_that_leads_elsewhere_is_not_followed(fake: FakeKolada, client: Client, elsewhere: str) -> None:
    fake.edit = lambda page: page.update(next_url=elsewhere.format(host=fake.host))
    with pytest.raises(KoladaError, match="leads to another place"):
        fetch(client)
    assert len(fake.asked) == 1


def test_a_next_page_is_asked_for_as_safely_as_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def get(self: Client, url: str) -> bytes:
        asked.append(url)
        following = "http://kolada.invalid/v3/kpi/N01951?page=2" if len(asked) == 1 else None
        return json.dumps({"values": [len(asked)], "next_url": following}).encode()

    monkeypatch.setattr(Client, "_get", get)
    assert Client("https://kolada.invalid/v3").rows("kpi/N01951") == [1, 2]
    assert asked == ["https://kolada.invalid/v3/kpi/N01951", "https://kolada.invalid/v3/kpi/N01951?page=2"]


def test_pages_without_end_are_refused(fake: FakeKolada, client: Client, clock: Clock) -> None:
    fake.edit = lambda page: page.update(next_url=f"{fake.url}/kpi/N01951?page=1")
    with pytest.raises(KoladaError, match="leads in a circle"):
        fetch(client)
    fake.edit = lambda page: page.update(next_url=f"{fake.url}/kpi/N01951?page={len(fake.asked) + 1}")
    with pytest.raises(KoladaError, match="more than 4 pages"):
        fetch(asking(fake, clock, pages=4))


def test_a_huge_answer_is_refused(fake: FakeKolada, clock: Clock) -> None:
    fake.planned = [None, (200, {"Content-Encoding": "gzip"}, gzip.compress(b" " * 10**7))]
    with pytest.raises(KoladaError, match="larger than 1 MB"):
        fetch(asking(fake, clock, answer_bytes=10**6))
    fake.planned = []
    with pytest.raises(KoladaError, match=r"year/2024: the answer is larger than 0\.\d+ MB"):
        fetch(asking(fake, clock, total_bytes=300))


def test_an_answer_that_takes_for_ever_is_given_up(fake: FakeKolada, clock: Clock) -> None:
    times = (datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in range(24))
    with pytest.raises(KoladaError, match="takes longer than 300 seconds"):
        fetch(Client(fake.url, Bounds(), clock.sleep, lambda: 0, lambda: next(times)))


def test_a_key_figure_that_was_withdrawn_or_renamed_stops_the_pull(fake: FakeKolada, client: Client) -> None:
    fake.titles["N01951"] = "Invånare 80+, antal"
    with pytest.raises(KoladaError, match=r"is called 'Invånare 80\+, antal', and was 'Invånare totalt, antal'"):
        fetch(client)
    del fake.titles["N01951"]
    with pytest.raises(KoladaError, match="Kolada has no key figure N01951"):
        fetch(client)
    assert all("/data/" not in path for path in fake.asked)


@pytest.mark.parametrize(
    "address",
    ["http://api.kolada.se/v3", "ftp://127.0.0.1", "https://", "kolada", "https://a:b@127.0.0.1/v3", "https://127.0.0.1/v3?x=1"],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(KoladaError, match="is no address of an API"):
        Client(address)


def test_what_is_asked_for_is_checked(client: Client) -> None:
    assert parse_years("2021, 2018-2019,2021") == [2018, 2019, 2021]
    for years in ("", "24", "2024-2020", "2020-", "1850", "2020-9999", "٢٠٢٠"):
        with pytest.raises(KoladaError, match="are no years"):
            parse_years(years)
    with pytest.raises(KoladaError, match="'188' is no municipality's code"):
        fetch(client, ("188",))


def test_the_project_s_own_selection_can_be_asked_for() -> None:
    figures = chosen_figures()
    assert POPULATION.kpi_id in [figure.kpi_id for figure in figures]
    assert all(figure.title and figure.meaning and figure.reason for figure in figures)
    assert len({figure.kpi_id for figure in figures}) == len(figures)
    assert "0188" in municipality_codes(PROJECT_DIR / "seeds" / "municipality.csv")
    assert Client(BASE_URL + "/").base_url == BASE_URL


# -- snapshots ----------------------------------------------------------------------------------------------------------


def _contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_the_same_answers_give_the_same_snapshot(fake: FakeKolada, clock: Clock, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_snapshot(fetch(asking(fake, clock), ("0181", "0188")), DAY, BASE_URL, tmp_path / name)
    assert _contents(tmp_path / "one") == _contents(tmp_path / "two")
    assert sorted(_contents(tmp_path / "one")) == [
        f"2026-03-01/{name}.csv" for name in ("answers", "key_figures", "snapshot", "values")
    ]
    folder = latest_snapshot(tmp_path / "one")
    assert folder is not None
    snapshot = read_snapshot(folder)
    pulled = fetch(asking(fake, clock), ("0181", "0188"))
    assert (snapshot.fetched_on, snapshot.key_figures, snapshot.values) == (DAY, pulled.key_figures, pulled.values)


def test_the_newest_snapshot_is_taken(client: Client, tmp_path: Path) -> None:
    assert latest_snapshot(tmp_path / "none") is None
    for day in (date(2025, 12, 31), DAY, date(2026, 2, 28)):
        write_snapshot(fetch(client), day, BASE_URL, tmp_path)
    (tmp_path / ".extract.left").mkdir()
    assert latest_snapshot(tmp_path) == tmp_path / "2026-03-01"
    (tmp_path / "old").mkdir()
    with pytest.raises(KoladaError, match="its name is no date"):
        latest_snapshot(tmp_path)


@pytest.mark.parametrize("at", [1, 2, 4])
def test_an_interruption_leaves_the_snapshot_that_is_there(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    write_snapshot(fetch(client), DAY, BASE_URL, tmp_path)
    before = _contents(tmp_path)
    written: list[Path] = []
    write = Path.write_bytes

    def interrupted(path: Path, data: bytes) -> int:
        written.append(path)
        if len(written) == at:
            raise KeyboardInterrupt
        return write(path, data)

    other = fetch(client, ("0181",))
    monkeypatch.setattr(Path, "write_bytes", interrupted)
    for day in (DAY, date(2026, 3, 2)):
        written.clear()
        with pytest.raises(KeyboardInterrupt):
            write_snapshot(other, day, BASE_URL, tmp_path)
    assert _contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["2026-03-01"]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("values.csv", lambda data: data.replace(b"2212", b"2213"), "is not the file that was written"),
        ("answers.csv", lambda data: data[:-1], "is not the file that was written"),
        ("key_figures.csv", lambda _: None, "no such file"),
        ("snapshot.csv", lambda _: None, "no such file"),
        ("snapshot.csv", lambda data: data.replace(b"2026-03-01", b"2026-03-02"), "is of 2026-03-02"),
        ("snapshot.csv", lambda data: data + data.splitlines(True)[1], "holds 2 rows"),
        ("snapshot.csv", lambda data: data.replace(b"fetched_on", b"day"), "has other columns"),
        ("snapshot.csv", lambda _: b"\xff", "cannot be read"),
    ],
)  # fmt: skip
def test_a_damaged_snapshot_is_refused(
    client: Client, tmp_path: Path, name: str, change: Callable[[bytes], bytes | None], words: str
) -> None:
    folder = write_snapshot(fetch(client), DAY, BASE_URL, tmp_path)
    changed = change((folder / name).read_bytes())
    (folder / name).unlink() if changed is None else (folder / name).write_bytes(changed)
    with pytest.raises(KoladaError, match=words) as raised:
        read_snapshot(folder)
    assert str(folder) in str(raised.value)
    assert "What to do" in str(raised.value)


# -- load ---------------------------------------------------------------------------------------------------------------


def _query(database: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(database, read_only=True) as connection:
        return connection.execute(query).fetchall()


def _snapshot(root: Path, *values: KeyFigureValue, day: date = DAY) -> Path:
    figures = [KeyFigure(kpi_id, f"Titel {kpi_id}", None, None, True, None) for kpi_id in ("N01951", "N30005")]
    write_snapshot(Pull(figures, list(values), []), day, BASE_URL, root)
    return root


def _value(value: str | None, year: int = 2024, kpi_id: str = "N01951", gender: str = "T") -> KeyFigureValue:
    return KeyFigureValue(kpi_id, "0188", year, gender, None if value is None else Decimal(value), None)


def test_the_load_takes_the_newest_snapshot(extracted: Path, tmp_path: Path) -> None:
    database = tmp_path / "k.duckdb"
    root = _snapshot(tmp_path / "kolada", _value("60000"), day=date(2025, 3, 1))
    _snapshot(root, _value("65000.0"), _value("0.86397284", kpi_id="N30005"), _value(None, 2023, "N30005"))
    result = load(extracted_folders(extracted), database, snapshots=root)
    assert result.key_figure_values == 3
    assert _query(database, "from raw.kolada_value order by all") == [
        ("N01951", "Titel N01951", "0188", 2024, "T", Decimal("65000.0000"), DAY),
        ("N30005", "Titel N30005", "0188", 2023, "T", None, DAY),
        ("N30005", "Titel N30005", "0188", 2024, "T", Decimal("0.8640"), DAY),
    ]
    checks = _query(database, "select check_name, passed, rows_checked from raw.load_check where document_id is null")
    assert ("kolada_population_whole", True, 1) in checks
    assert ("kolada_value_exact", True, 3) in checks
    before = database.read_bytes()
    load(extracted_folders(extracted), database, snapshots=root)
    assert database.read_bytes() == before


def test_a_new_snapshot_takes_the_place_of_the_old_and_leaves_documents_alone(extracted: Path, tmp_path: Path) -> None:
    database = tmp_path / "k.duckdb"
    root = _snapshot(tmp_path / "kolada", _value("60000"), _value("59000", 2023))
    load(extracted_folders(extracted), database, snapshots=root)
    _snapshot(root, _value("60001"), day=date(2026, 4, 1))
    result = load(extracted_folders(extracted), database, snapshots=root)
    assert not any(document.changed for document in result.documents)
    assert _query(database, "select year, value, fetched_on from raw.kolada_value") == [(2024, 60001, date(2026, 4, 1))]
    assert _query(database, "select count(*) from raw.load_check where check_name = 'kolada_value_exact'") == [(1,)]


def test_without_a_snapshot_the_table_is_there_and_empty(extracted: Path, tmp_path: Path) -> None:
    database = tmp_path / "k.duckdb"
    assert load(extracted_folders(extracted), database, snapshots=tmp_path / "none").key_figure_values == 0
    assert _query(database, "from raw.kolada_value") == []
    assert _query(database, "select count(*) from raw.load_check where document_id is null") == [(0,)]
    root = _snapshot(tmp_path / "kolada", _value("60000"))
    load(extracted_folders(extracted), database, snapshots=root)
    shutil.rmtree(root)
    load(extracted_folders(extracted), database, snapshots=root)
    assert _query(database, "from raw.kolada_value") == []
    assert _query(database, "select count(*) from raw.load_check where document_id is null") == [(0,)]


def test_the_gate_refuses_a_population_that_is_none(extracted: Path, tmp_path: Path) -> None:
    database = tmp_path / "k.duckdb"
    root = _snapshot(tmp_path / "kolada", _value("0"), _value("-3", kpi_id="N30005"))
    with pytest.raises(GateError, match="N01951, 0188, 2024, T: 0 is no number of inhabitants") as raised:
        load(extracted_folders(extracted), database, snapshots=root)
    assert "fetch again" in str(raised.value)
    assert "extract the report again" not in str(raised.value)
    assert not database.exists()


@pytest.mark.parametrize(
    ("delivered", "loaded"),
    [("1.00005", "1"), ("1.00015", "1.0002"), ("-0.00001", "0"), ("65000.0", "65000"), ("1E+20", "1" + "0" * 20)],
)
def test_values_are_rounded_to_four_decimals(tmp_path: Path, delivered: str, loaded: str) -> None:
    assert kolada_frame(_snapshot(tmp_path, _value(delivered)))["value"].to_list() == [loaded]


# -- the command --------------------------------------------------------------------------------------------------------


def test_fetch_and_load_on_the_command_line(fake: FakeKolada, extracted: Path, tmp_path: Path, run: Run) -> None:
    out, database = tmp_path / "snapshots", tmp_path / "k.duckdb"
    fetched = run("fetch", "kolada", "--base-url", fake.url, "--years", "2023-2024", "--out", out)
    assert fetched.returncode == 0, fetched.stderr
    assert "Invånare totalt, antal" in fetched.stdout
    codes = ",".join(sorted(municipality_codes(PROJECT_DIR / "seeds" / "municipality.csv")))
    assert fake.asked[-1] == f"/v3/data/kpi/N01951,N30005,N30101/municipality/{codes}/year/2023,2024"
    loaded = run("load", "--extracted", extracted, "--database", database, "--kolada", out)
    assert loaded.returncode == 0, loaded.stderr
    rows = len(codes.split(",")) * 2 * (3 + 1 + 1)
    assert f"{rows} values of Kolada" in loaded.stdout
    assert _query(database, "select count(*) from raw.kolada_value") == [(rows,)]


def test_the_command_says_what_is_missing_and_takes_a_choice(fake: FakeKolada, tmp_path: Path, run: Run) -> None:
    def without_2023(page: dict[str, Any]) -> None:
        page["values"] = [found for found in page["values"] if found.get("period") != 2023]
        page["count"] = len(page["values"])

    fake.edit = without_2023
    choice = ("--kpi", "N01951", "--municipality", "0181", "--municipality", "0188", "--years", "2022-2024")
    fetched = run("fetch", "kolada", "--base-url", fake.url, *choice, "--out", tmp_path, "--json")
    facts = json.loads(fetched.stdout)
    assert facts["key_figures"] == [{"kpi": "N01951", "title": "Invånare totalt, antal", "values": 4, "without_value": 2}]
    assert Path(facts["snapshot"]).parent == tmp_path
    unknown = run("fetch", "kolada", "--base-url", fake.url, "--kpi", "N99999", "--out", tmp_path / "other")
    assert unknown.returncode == 1
    assert "N99999: not in ingest/kolada/key_figures.csv" in unknown.stderr


def test_a_pull_that_fails_writes_nothing(fake: FakeKolada, tmp_path: Path, run: Run) -> None:
    fake.planned = [None, (404, {}, b"")]
    failed = run("fetch", "kolada", "--base-url", fake.url, "--out", tmp_path / "snapshots")
    assert failed.returncode == 1
    assert "answers 404" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert list(tmp_path.iterdir()) == []
