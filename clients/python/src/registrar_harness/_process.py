"""The program: finding it, starting it, ending it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, cast

from ._control import HarnessError
from .types import Card

BINARY_VARIABLE = "REGISTRAR_BIN"
PROGRAM = "registrar"
STOP_TIMEOUT = 10.0
KEPT_LINES = 200


def find_binary(binary: str | os.PathLike[str] | None = None) -> str:
    """Return the program's path: the argument, else REGISTRAR_BIN, else `registrar` on PATH."""
    named = os.fspath(binary) if binary is not None else os.environ.get(BINARY_VARIABLE)
    found = shutil.which(named or PROGRAM)
    if found:
        return found
    if not named:
        where = f"{BINARY_VARIABLE} is not set and there is no {PROGRAM!r} on PATH"
    else:
        where = f"{named!r} ({_source(binary)}) is not a program"
    raise HarnessError(
        f"cannot find Registrar: {where}; install it, or name the program with the argument "
        f"`binary`, the variable {BINARY_VARIABLE} or the pytest option --registrar-bin"
    )


def _source(binary: object) -> str:
    return BINARY_VARIABLE if binary is None else "the argument"


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment, with `extra`, without what names a real Registrar."""
    kept = {name: value for name, value in os.environ.items() if not _is_registrars(name)}
    return kept | dict(extra or {})


def _is_registrars(name: str) -> bool:
    return name.upper() == "DATABASE_URL" or name.upper().startswith("REGISTRAR_")


class Process:
    """A started program. It ends when this process does, because its stdin then ends."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        try:
            self._program = subprocess.Popen(
                command,
                env=dict(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                # Ctrl-C is for the tests; they stop the program when they have tidied up.
                start_new_session=True,
            )
        except OSError as error:
            raise HarnessError(f"cannot run {command[0]}: {error.strerror}") from error
        self._first_line: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._log: deque[str] = deque(maxlen=KEPT_LINES)
        self._readers = [
            threading.Thread(target=self._read_stdout, daemon=True),
            threading.Thread(target=self._read_stderr, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def log(self) -> str:
        """The last lines of its stderr."""
        return "".join(self._log.copy())

    def card(self, timeout: float) -> Card:
        """Wait for the card that tells that it is ready. Where there is none, end it and tell why."""
        try:
            line = self._first_line.get(timeout=timeout)
        except queue.Empty:
            self.stop(at_once=True)
            raise HarnessError(f"Registrar was not ready in {timeout} s{self._told()}") from None
        try:
            return cast(Card, json.loads(line))
        except ValueError:
            self.stop(at_once=bool(line))
            reason = f"printed no ready card but {line!r}" if line else "did not start"
            raise HarnessError(f"Registrar {reason}{self.why_silent()}{self._told()}") from None

    def why_silent(self) -> str:
        """Return how it ended and what it told last; nothing while it runs."""
        code = self._program.poll()
        return "" if code is None else f" (it ended with {code})"

    def stop(self, at_once: bool = False) -> None:
        """End it, and wait until it has ended."""
        _close(self._program.stdin)
        if at_once:
            self._program.kill()
        try:
            self._program.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._program.kill()
            self._program.wait()
        for reader in self._readers:
            reader.join(STOP_TIMEOUT)
        _close(self._program.stdout)
        _close(self._program.stderr)

    def _told(self) -> str:
        return f"; its stderr:\n{self.log.rstrip()}" if self._log else "; its stderr is empty"

    def _read_stdout(self) -> None:
        stdout = cast("IO[str]", self._program.stdout)
        self._first_line.put(stdout.readline())
        for _ in stdout:
            pass

    def _read_stderr(self) -> None:
        self._log.extend(iter(cast("IO[str]", self._program.stderr).readline, ""))


def _close(stream: IO[str] | None) -> None:
    if stream:
        # The program may have ended already.
        with contextlib.suppress(OSError):
            stream.close()


def toml_text(provision: str | os.PathLike[str]) -> str:
    """Return a provisioning file's text: a `str` of several lines is the text, any other a path."""
    return str(provision) if _is_text(provision) else Path(provision).read_text(encoding="utf-8")


def toml_file(provision: str | os.PathLike[str], directory: str) -> str:
    """Return a provisioning file's path; a text is written to a file in the directory."""
    if not _is_text(provision):
        return os.fspath(provision)
    file = Path(directory, "provision.toml")
    file.write_text(str(provision), encoding="utf-8")
    return str(file)


def _is_text(provision: str | os.PathLike[str]) -> bool:
    return isinstance(provision, str) and "\n" in provision
