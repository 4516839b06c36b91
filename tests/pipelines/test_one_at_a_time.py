"""Two commands in one folder: the second is told so, and what was killed holds nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.one_at_a_time import FolderInUse, alone_in
from tests.support.served import ROOT

_HOLDS = """
import os, sys, time
from pathlib import Path
from pipelines.one_at_a_time import alone_in
with alone_in(Path(sys.argv[1])):
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    print(child, flush=True)
    time.sleep(60)
"""


def test_a_folder_in_use_is_refused_until_its_command_ends_however_it_ends(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-c", _HOLDS, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:  # noqa: S603  our own words
        assert process.stdout is not None
        child = int(process.stdout.readline())
        try:
            with pytest.raises(FolderInUse, match=r"另一个命令正在写入文件夹.*run：请等它结束"), alone_in(folder):
                pass
            process.send_signal(signal.SIGKILL)
            process.wait()
            with alone_in(folder):  # though a process that it forked still runs
                os.kill(child, 0)
        finally:
            os.kill(child, signal.SIGKILL)


def test_one_after_the_other_in_one_process(tmp_path: Path) -> None:
    for _ in range(2):
        with alone_in(tmp_path / "a" / "b"):
            assert (tmp_path / "a" / "b").is_dir()
