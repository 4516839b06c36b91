"""The command line: `yougang [--db URL] [--as-of DATE] [--json] COMMAND`.

Standard output holds the answer, standard error progress and messages. Exit codes: 0 done; 1 a check did not hold;
2 usage; 3 done, some rows were rejected; 4 refused. An error is one line in plain words.
"""

import logging
import sys
import traceback
from collections.abc import Sequence
from datetime import datetime
from functools import cache, partial
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError
from typer.exceptions import TyperException

from api.exit_codes import DONE, REFUSED, USAGE
from api.late_commands import LateGroup
from api.session import Session, say
from api.settings import Settings, is_debug
from api.usage import usage_line
from matching.errors import MatchingError
from models.errors import ArtefactMismatch, ModelError
from pipelines.errors import PipelineError
from pipelines.registers.errors import RowRefused

_GLOBAL_WITH_VALUE = ("--db", "--as-of")
_GLOBAL_FLAGS = ("--json",)

app = typer.Typer(
    cls=LateGroup,
    name="yougang",
    help="有岗：为甘肃残疾人找工作。排序并说明理由，由人决定。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _start(
    context: typer.Context,
    db: Annotated[str | None, typer.Option("--db", help="数据库地址，默认 var/ 下的 SQLite")] = None,
    as_of: Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="按哪一天，默认今天")] = None,
    wants_json: Annotated[bool, typer.Option("--json", help="标准输出只有一份 JSON")] = False,
) -> None:
    context.obj = Session(cache(partial(Settings.of, db, as_of.date() if as_of else None)), wants_json)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; every fault becomes one line on standard error."""
    try:
        result = typer.main.get_command(app).main(_globals_first(arguments), prog_name="yougang", standalone_mode=False)
    except TyperException as error:
        say(usage_line(error))
        return USAGE
    except (typer.Abort, KeyboardInterrupt):
        say("已中断")
        return REFUSED
    except ArtefactMismatch as error:
        say(f"未执行：模型文件已损坏、缺失或被改动，没有使用；请恢复原来的文件，或启用另一个版本（{_one_line(error)}）")
        return REFUSED
    except RowRefused as error:
        told = "；".join(f"{fault.column} {fault.reason}" for fault in error.faults)
        say(f"未执行：{_one_line(error)}（{told}）")
        return REFUSED
    except (PipelineError, MatchingError, ModelError) as error:
        say(f"未执行：{_one_line(error)}")
        return REFUSED
    except OSError as error:
        say(f"未执行：无法读写文件（{error.strerror or type(error).__name__}）")
        return REFUSED
    except SQLAlchemyError:
        # The address may hold a password and the driver's words a person's data: neither is repeated.
        say("未执行：数据库无法打开或读写，请检查地址、权限以及它是否为有岗的数据库")
        return REFUSED
    except Exception as error:  # the last door: whatever it was, the user gets a line, and the traceback on request
        if is_debug():
            traceback.print_exc()
        say(f"未执行：程序内部错误（{type(error).__name__}）；设置 YOUGANG_DEBUG=1 可查看详情")
        return REFUSED
    return result if isinstance(result, int) else DONE


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _globals_first(arguments: list[str]) -> list[str]:
    """Let the options of every command stand anywhere: `shortlist ID --json` is `--json shortlist ID`."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in _GLOBAL_WITH_VALUE:
            front += [argument, *([value] if (value := next(waiting, None)) is not None else [])]
        elif argument in _GLOBAL_FLAGS or argument.startswith(tuple(f"{name}=" for name in _GLOBAL_WITH_VALUE)):
            front.append(argument)
        else:
            rest.append(argument)
    return [*front, *rest]


if __name__ == "__main__":
    main()
