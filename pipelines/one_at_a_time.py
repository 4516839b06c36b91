"""One command at a time in a folder of files: a second one is told so, and changes nothing."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.errors import PipelineError

LOCK = ".lock"


class FolderInUse(PipelineError):
    """Another command is writing into the folder."""


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder, made where it is not there, for as long as the block lasts.

    The lock is the process's own and ends with it, however it ends, so that whatever was killed is gone on with at
    once; processes that it forked hold nothing. The empty file stays: who removed it could remove another's.

    Raises
    ------
    FolderInUse
        When another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as file:
        os.chmod(folder / LOCK, 0o600)
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderInUse(f"另一个命令正在写入文件夹 {folder}：请等它结束，或换一个文件夹") from error
        yield
