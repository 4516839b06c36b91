"""What hands messages on. The one that comes with the program sends nothing: it writes a file a day into a folder.

Another adapter (an operator's gateway) is a class with `send`; it has to know by the id what it was handed before, for
a run that ends between handing on and noting it is begun again.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol

from pipelines.errors import PipelineError

_LOOKED_BACK = 7


@dataclass(frozen=True, slots=True, repr=False)
class Outgoing:
    """A message on its way out; the number stands here and in the file, and in no other place."""

    message_id: str
    phone: str
    text: str

    def __repr__(self) -> str:
        """Return who it is by the id alone: what is printed must not hold the number."""
        return f"Outgoing({self.message_id!r})"


class Sender(Protocol):
    """What hands messages on."""

    def send(self, outgoing: Sequence[Outgoing], *, on: date, now: datetime) -> Mapping[str, date]:
        """Hand messages on, each once by its id; return the day of each that was taken, the others were not."""


class MessagesNotWritten(PipelineError):
    """The file of the day could not be written; nothing was noted as written."""


class DayFiles:
    """JSON lines, one file a day, written whole or not at all, for the owner of the folder alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, outgoing: Sequence[Outgoing], *, on: date, now: datetime) -> Mapping[str, date]:
        """Add messages to the file of the day; those that stand in a file of the last week stay where they are.

        Raises
        ------
        MessagesNotWritten
            When the folder cannot be written to.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            before = dict(self._written_before(on))
            new = [one for one in outgoing if one.message_id not in before]
            if new:
                self._write(self._file(on), [_line(one, now) for one in new])
        except (OSError, ValueError) as error:
            raise MessagesNotWritten("短信文件无法写入：请检查文件夹的权限和剩余空间") from error
        return {one.message_id: before.get(one.message_id, on) for one in outgoing}

    def _file(self, on: date) -> Path:
        return self.folder / f"messages-{on.isoformat()}.jsonl"

    def _written_before(self, on: date) -> Iterator[tuple[str, date]]:
        for back in range(_LOOKED_BACK + 1):
            day = on - timedelta(days=back)
            if self._file(day).exists():
                for line in self._file(day).read_text(encoding="utf-8").splitlines():
                    yield json.loads(line)["message_id"], day

    def _write(self, file: Path, lines: Sequence[str]) -> None:
        kept = file.read_text(encoding="utf-8") if file.exists() else ""
        half = file.with_suffix(".part")
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(kept + "".join(lines))
            stream.flush()
            os.fsync(stream.fileno())
        half.replace(file)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _line(one: Outgoing, now: datetime) -> str:
    told = {"message_id": one.message_id, "phone": one.phone, "text": one.text, "at": now.isoformat()}
    return json.dumps(told, ensure_ascii=False) + "\n"
