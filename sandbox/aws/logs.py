"""Everything the functions print: what CloudWatch Logs would hold."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path

KEPT = 20_000  # lines


@dataclass(frozen=True)
class LogLine:
    function: str
    text: str


class LogSink:
    """The newest lines of all functions, and all lines in `file` where one is given."""

    def __init__(self, file: Path | None = None) -> None:
        self._lines: deque[LogLine] = deque(maxlen=KEPT)
        self._lock = threading.Lock()
        self._file = file

    def add(self, function: str, text: str) -> None:
        with self._lock:
            self._lines.append(LogLine(function, text))
            if self._file is not None:
                with self._file.open("a", encoding="utf-8") as out:
                    out.write(f"{function} {text}\n")

    def lines(self, function: str | None = None) -> list[str]:
        with self._lock:
            return [line.text for line in self._lines if function in (None, line.function)]

    def text(self, function: str | None = None) -> str:
        return "\n".join(self.lines(function))
