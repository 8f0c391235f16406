"""Fixtures for faults of the real world: running the real commands, small disks, read-only places."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from synthetic import dbt_project, extraction

from ingest.loading.store import write_extraction

Run = Callable[..., subprocess.CompletedProcess[str]]

# A test says the same of the same code each time it runs, however slow the machine.
settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.load_profile("same")

COMMAND = [sys.executable, "-m", "publish.cli"]


@pytest.fixture
def run() -> Run:
    """Run `kommunlager` as a process of its own, to its end."""

    def run(*arguments: object, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=600, check=False
        )

    return run


@pytest.fixture(scope="session")
def real_warehouse(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The warehouse of the five reports as the project has extracted them, built once for all workers; nobody may write it."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    path = shared / "real" / "kommunlager.duckdb"
    with (shared / "real.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            done = subprocess.run(
                [*COMMAND, "--quiet", "build", "--database", str(path)], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
            path.chmod(0o444)
    return path


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `kommunlager` as a process of its own; it is gone when the test ends."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen([*COMMAND, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def extracted(tmp_path: Path) -> Path:
    """A folder with two extracted documents."""
    root = tmp_path / "extracted"
    for document_id in ("provby_namnden_2024", "testby_namnden_2024"):
        write_extraction(extraction(document_id), root)
    return root


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return dbt_project(tmp_path / "project")


def _mounted(folder: Path, *arguments: str) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    mount = subprocess.run(["mount", *arguments, str(folder)], capture_output=True, text=True, check=False)
    if mount.returncode != 0:
        pytest.skip(f"file systems cannot be mounted here: {mount.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 20 MiB."""
    if sys.platform != "linux":
        pytest.skip("a small file system is made with Linux's tmpfs")
    yield from _mounted(tmp_path / "tiny", "-t", "tmpfs", "-o", "size=20m", "tmpfs")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 60 MiB: room for a few small warehouses and a build."""
    if sys.platform != "linux":
        pytest.skip("a small file system is made with Linux's tmpfs")
    yield from _mounted(tmp_path / "small", "-t", "tmpfs", "-o", "size=60m", "tmpfs")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Callable[[Path], None]]:
    """Makes a folder read-only: by its permissions, or for root, who ignores them, by a read-only mount."""
    folders: list[Path] = []

    def protect(folder: Path) -> None:
        if os.geteuid() != 0:
            folder.chmod(0o555)
            return
        for command in (["mount", "--bind", folder, folder], ["mount", "-o", "remount,bind,ro", folder]):
            mount = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
            if mount.returncode != 0:
                pytest.skip(f"root needs a mount for a read-only folder: {mount.stderr.strip()}")
            if folder not in folders:
                folders.append(folder)

    yield protect
    for folder in folders:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
