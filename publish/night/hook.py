"""The command that is told of a failure: a mail, a webhook, whatever a shell can do."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress

HOOK_SECONDS = 60


def call_hook(command: str, facts: str, environment: Mapping[str, str]) -> str:
    """Run the command with `facts` on its standard input; returns how it ended, in words.

    Neither the command nor what it prints is kept or shown: both may hold an address that is a secret.
    """
    try:
        return _ended(command, facts, {**os.environ, **environment})
    except OSError as error:
        return f"could not be started ({error.strerror})"


def _ended(command: str, facts: str, environment: Mapping[str, str]) -> str:
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(
        ["/bin/sh", "-c", command],
        stdin=subprocess.PIPE,
        stdout=nowhere,
        stderr=nowhere,
        env=environment,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            process.communicate(facts, timeout=HOOK_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return f"took longer than {HOOK_SECONDS} s and was ended"
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    return "was called" if process.returncode == 0 else f"FAILED (exit code {process.returncode})"
