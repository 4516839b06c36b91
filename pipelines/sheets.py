"""Sheets as people send them (CSV, CSV in gzip, XLSX), read row by row in bounded memory.

A file that cannot be right is refused in one Chinese sentence; a row that cannot be right is given with its problem.
Workbooks are taken apart in `pipelines.workbooks`; what the cells mean is left to `pipelines.schema`.
"""

import codecs
import csv
import difflib
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from pipelines.errors import SheetError
from pipelines.schema import TableSpec
from pipelines.workbooks import MAX_CELL, Line, broken_after, open_lines

__all__ = ["RawRow", "Sheet", "SheetError", "inert", "open_sheet", "plain", "resolve_headers"]

_MAX_LINE = 8 * MAX_CELL
_CHUNK = 1 << 20
_MAX_UNPACKED = 8 << 30
_SUSPICIOUS_FROM, _MAX_RATIO = 64 << 20, 200  # gzip brings real tables to between a third and a fiftieth
_Encoding = Literal["utf-8-sig", "gb18030"]

_REFUSED = {
    ".xls": "旧格式 .xls",
    ".xlsm": "带宏的 .xlsm",
    ".xlsb": "二进制格式 .xlsb",
    ".xltx": "模板格式 .xltx",
    ".et": "WPS 格式 .et",
    ".ods": "ODS 格式",
}
_OLE, _ZIP, _GZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04", b"\x1f\x8b"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

# What a spreadsheet may take for a formula at the head of a CSV cell, full-width forms and control characters included.
_RISKY = re.compile(r"'*[=+\-@＝＋－＠\t\r\n]")
_NUMBER = re.compile(r"-\d+(\.\d+)?")
_BETWEEN_CELLS = re.compile(rb'[,"\r\n]')
_UTF8_HAN = re.compile(rb"[\xe3-\xe9][\x80-\xbf]{2}")


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row: its number as a person counts it (the header is row 1) and its texts by header, "" for empty.

    `problem` is a header (or "") and a Chinese reason for which this row alone cannot be taken.
    """

    number: int
    cells: dict[str, str]
    problem: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """Headers as they stand in the file, stripped and in order, and the rows, which are read as they are asked for.

    The rows may raise `SheetError` half-way; its message and `row` say up to where the file could be read.
    """

    headers: tuple[str, ...]
    rows: Iterator[RawRow]


@contextmanager
def open_sheet(path: Path) -> Iterator[Sheet]:
    """Open a CSV (UTF-8 or GB18030, also in gzip) or the first visible sheet of an XLSX.

    Cells are as in the file; `plain` is left to the caller. Wholly empty rows and columns are left out. A row with
    fewer cells than headers is taken as it is, except at the end of a file that ends without a line end.

    Raises
    ------
    SheetError
        When the file as a whole cannot be read, or has no usable header.
    """
    is_csv = _is_csv(path)
    with _open_csv(path) if is_csv else open_lines(path) as lines:
        header = next(lines, None)
        if header is None:
            raise SheetError(f"{path.name} 是空的，没有表头")
        headers = _headers(path.name, header)
        yield Sheet(tuple(headers.values()), _rows(headers, lines))


def _is_csv(path: Path) -> bool:
    """True for CSV, false for XLSX, told by the name and confirmed by the first bytes."""
    name = path.name.lower()
    suffix = Path(name).suffix
    if suffix in _REFUSED:
        raise SheetError(f"不接受{_REFUSED[suffix]}文件，请另存为 .xlsx 或 .csv")
    if not name.endswith((".csv", ".csv.gz", ".xlsx")):
        raise SheetError(f"不认识的文件类型“{suffix or path.name}”，请提供 .csv、.csv.gz 或 .xlsx")
    try:
        with path.open("rb") as stream:
            head = stream.read(4)
    except FileNotFoundError as error:
        raise SheetError(f"找不到文件 {path.name}") from error
    except OSError as error:
        raise SheetError(f"无法打开文件 {path.name}") from error
    if not head:
        raise SheetError(f"{path.name} 是空的，没有表头")
    _check_head(path.name, head, suffix)
    return suffix != ".xlsx"


def _check_head(name: str, head: bytes, suffix: str) -> None:
    if head == _OLE:
        raise SheetError(f"{name} 是旧格式 .xls 或加了密码，请去掉密码并另存为 .xlsx")
    if suffix == ".xlsx" and head[:2] != b"PK":
        raise SheetError(f"{name} 不完整或不是 XLSX 文件，请重新导出或重新传送")
    if suffix == ".gz" and head[:2] != _GZIP:
        raise SheetError(f"{name} 不是 gzip 文件")
    if suffix == ".csv" and (head == _ZIP or head[:2] == _GZIP):
        raise SheetError(f"{name} 其实是压缩文件或 XLSX，请改用正确的后缀")
    if suffix == ".csv" and head[:2] in _UTF16:
        raise SheetError(f"{name} 是 UTF-16 编码，请另存为“CSV UTF-8”")


def _headers(name: str, line: Line) -> dict[int, str]:
    """Return the headers by column; columns without one are left out."""
    if line.number != 1:
        raise SheetError(f"{name} 的第 1 行是空的；表头应在第 1 行")
    if line.problems:
        raise SheetError(f"表头第 {min(line.problems) + 1} 列无法读取：{line.problems[min(line.problems)]}")
    headers = {i: text.strip().strip("\ufeff").strip() for i, text in sorted(line.cells.items())}
    headers = {i: text for i, text in headers.items() if text}
    if not headers:
        raise SheetError(f"{name} 的第 1 行是空的；表头应在第 1 行")
    seen: dict[str, int] = {}
    for index, header in headers.items():
        if header in seen:
            raise SheetError(f"表头重复：第 {seen[header] + 1} 列和第 {index + 1} 列都是“{header}”")
        seen[header] = index
    if len(headers) == 1 and re.search(r"[;；\t|，]", headers[min(headers)]):
        raise SheetError(f"{name} 的各列应以英文逗号分隔")
    return headers


def _rows(headers: Mapping[int, str], lines: Iterator[Line]) -> Iterator[RawRow]:
    for line in lines:
        cells = {header: line.cells.get(index, "") for index, header in headers.items()}
        yield RawRow(line.number, cells, _problem(headers, line))


def _problem(headers: Mapping[int, str], line: Line) -> tuple[str, str] | None:
    if line.problems:
        first = min(line.problems)
        return headers.get(first, ""), line.problems[first]
    beyond = [index for index in line.cells if index not in headers]
    if beyond:
        return "", f"第 {min(beyond) + 1} 列有内容而没有表头（多出的单元格）"
    return None


class _Capped(io.RawIOBase):
    """A stream that is unpacked only as far as a real table would be."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, packed_size: int, name: str) -> None:
        super().__init__()
        self._stream, self._packed, self._name = stream, packed_size, name
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._count += len(data)
        is_swollen = self._count > _SUSPICIOUS_FROM and self._count > _MAX_RATIO * self._packed
        if is_swollen or self._count > _MAX_UNPACKED:
            raise SheetError(f"{self._name} 解压后过大（疑似压缩炸弹），未读取")
        return len(data)


@contextmanager
def _open_bytes(path: Path) -> Iterator[io.BufferedReader]:
    if path.name.lower().endswith(".gz"):
        with gzip.open(path, "rb") as stream:
            yield io.BufferedReader(_Capped(stream, path.stat().st_size, path.name), _CHUNK)
    else:
        with path.open("rb") as plain_stream:
            yield plain_stream


_CUT_OFF = (EOFError, zlib.error, gzip.BadGzipFile)


@contextmanager
def _open_csv(path: Path) -> Iterator[Iterator[Line]]:
    encoding = _encoding(path)
    with _open_bytes(path) as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
        yield _records(path.name, text)


def _encoding(path: Path) -> _Encoding:
    """Return how the whole file is encoded: UTF-8 where all of it is that, else GB18030.

    Where a packed file breaks off, what is before counts; the reading of rows will tell where it broke.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    with _open_bytes(path) as stream:
        for chunk in _chunks(stream):
            if b"\0" in chunk:
                line += chunk.count(b"\n", 0, chunk.index(b"\0"))
                raise SheetError(f"{path.name} 第 {line} 行含有空字符（NUL），文件可能已损坏")
            line += chunk.count(b"\n")
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                break
        else:
            return _ended(path, is_half=bool(decoder.getstate()[0]))
    _check_gb18030(path)
    return "gb18030"


def _chunks(stream: io.BufferedReader) -> Iterator[bytes]:
    try:
        while chunk := stream.read1(_CHUNK):
            yield chunk
    except _CUT_OFF:
        return


def _ended(path: Path, is_half: bool) -> _Encoding:
    """Judge a file that is UTF-8 but for half a character at its end: the reading of rows tells that it broke off."""
    if is_half:
        try:
            _check_gb18030(path)
        except SheetError:
            return "utf-8-sig"
    return "gb18030" if is_half else "utf-8-sig"


def _check_gb18030(path: Path) -> None:
    """Refuse a file that is neither throughout; UTF-8 cells would often pass as wrong GB18030 characters."""
    first: str | None = None
    with _open_bytes(path) as stream:
        for number, line in enumerate(_bounded_lines(path.name, stream), start=1):
            if b"\0" in line:
                raise SheetError(f"{path.name} 第 {number} 行含有空字符（NUL），文件可能已损坏")
            if line.isascii():
                continue
            kind = _kind_of_line(line if line.endswith(b"\n") else _without_half(line))
            if kind == "ambiguous":
                continue
            if kind == "neither":
                raise SheetError(f"{path.name} 第 {number} 行既不是 UTF-8 也不是 GB18030 编码，文件可能已损坏")
            first = first or kind
            if kind == "mixed" or kind != first:
                raise SheetError(
                    f"{path.name} 混用了 UTF-8 和 GB18030 编码，第 {number} 行开始不一致；请统一编码后再导入"
                )


def _bounded_lines(name: str, stream: io.BufferedReader) -> Iterator[bytes]:
    number = 0
    try:
        while line := stream.readline(4 * _MAX_LINE):
            number += 1
            if len(line) == 4 * _MAX_LINE:
                raise SheetError(f"{name} 第 {number} 行过长，不是表格")
            yield line
    except _CUT_OFF:
        return


def _without_half(line: bytes) -> bytes:
    """Drop half a character at the very end, where a file broke off; the reading of rows tells that."""
    decoder = codecs.getincrementaldecoder("gb18030")()
    try:
        decoder.decode(line)
    except UnicodeDecodeError:
        return line
    return line[: len(line) - len(decoder.getstate()[0])]


def _kind_of_line(line: bytes) -> Literal["utf8", "gb", "mixed", "neither", "ambiguous"]:
    """Tell the encoding of a line with other than ASCII in it."""
    cells = [cell for cell in _BETWEEN_CELLS.split(line) if not cell.isascii()]
    kinds = {_kind_of_cell(cell) for cell in cells} - {"ambiguous"}
    if not kinds:
        return "ambiguous"
    if len(kinds) == 1:
        return "utf8" if kinds == {"utf8"} else "gb" if kinds == {"gb"} else "neither"
    return "mixed" if kinds == {"utf8", "gb"} else "neither"


def _kind_of_cell(cell: bytes) -> Literal["utf8", "gb", "neither", "ambiguous"]:
    as_utf8 = _decoded(cell, "utf-8")
    as_gb = _decoded(cell, "gb18030")
    if as_utf8 is None or as_gb is None:
        if as_utf8 is as_gb:
            return "neither"
        return "gb" if as_utf8 is None else "utf8"
    # Both can be read: everyday characters decide, since the wrong reading gives rare ones.
    utf8_share, gb_share = _everyday_share(as_utf8), _everyday_share(as_gb)
    if utf8_share == gb_share or not _UTF8_HAN.search(cell):
        return "ambiguous"
    return "utf8" if utf8_share > gb_share else "gb"


def _decoded(cell: bytes, encoding: str) -> str | None:
    try:
        return cell.decode(encoding)
    except UnicodeDecodeError:
        return None


def _everyday_share(text: str) -> float:
    """Return the share of the 3,755 everyday characters (GB 2312, level 1) among those that are not ASCII."""
    others = [character for character in text if not character.isascii()]
    everyday = sum(0xB0 <= character.encode("gb18030")[0] <= 0xD7 for character in others)
    return everyday / len(others)


@dataclass(slots=True)
class _Tail:
    """What is known of the end of the text as it is read."""

    line_ended: bool = True
    over: bool = False


def _text_lines(name: str, text: io.TextIOWrapper, tail: _Tail) -> Iterator[str]:
    while line := text.readline(_MAX_LINE):
        if len(line) == _MAX_LINE:
            raise SheetError(f"{name} 有过长的一行，可能是引号没有成对")
        tail.line_ended = line[-1] in "\r\n"
        yield line
    tail.over = True


def _records(name: str, text: io.TextIOWrapper) -> Iterator[Line]:
    csv.field_size_limit(MAX_CELL)  # the module knows only one limit for the whole process
    tail = _Tail()
    reader = csv.reader(_text_lines(name, text, tail), strict=True)
    number, width = 0, 0
    waiting: Line | None = None
    while True:
        try:
            record = next(reader, None)
        except (csv.Error, UnicodeDecodeError, SheetError, *_CUT_OFF) as error:
            if waiting is not None:
                yield waiting
            raise broken_after(name, number, _why(error, tail)) from error
        if waiting is not None and record is not None:
            yield waiting
        if record is None:
            break
        number += 1
        width = width or len(record)
        is_short = len(record) < width
        filled = {index: cell for index, cell in enumerate(record) if cell and not cell.isspace()}
        waiting = Line(number, filled) if filled else None
    if waiting is not None:
        if is_short and not tail.line_ended:
            raise broken_after(name, number - 1, "末行不完整，文件可能没有传完")
        yield waiting


def _why(error: Exception, tail: _Tail) -> str:
    if isinstance(error, SheetError):
        return str(error)
    if isinstance(error, _CUT_OFF):
        return "压缩文件不完整或已损坏，请重新传送"
    if isinstance(error, UnicodeDecodeError):
        return "文件在半个字处中断"
    if "field larger" in str(error):
        return "下一行有超过 1 MB 的单元格，可能是引号没有成对"
    if tail.over:
        return "此后引号没有成对，文件可能没有传完"
    return "下一行的引号用法有误（引号内的引号应写两个）"


def resolve_headers(headers: Sequence[str], table: TableSpec) -> dict[str, str]:
    """Return the column name of each header, which may be the name itself or its Chinese label.

    Raises
    ------
    SheetError
        When a header is unknown (the nearest is named), two mean the same column, or a required column is missing.
    """
    known = {word: column.name for column in table.columns for word in (column.label, column.name, *column.synonyms)}
    folded = {word.lower(): name for word, name in known.items()}
    found: dict[str, str] = {}
    for header in headers:
        name = known.get(header) or folded.get(header.lower())
        if name is None:
            continue
        twin = next((other for other, taken in found.items() if taken == name), None)
        if twin is not None:
            raise SheetError(f"表头“{twin}”和“{header}”是同一列（{table.column(name).label}），只能保留一个")
        found[header] = name
    _check_unknown([header for header in headers if header not in found], found, table)
    missing = [c for c in table.columns if c.required and c.name not in found.values()]
    if missing:
        raise SheetError("缺少必需的列：" + "、".join(f"{c.label}（{c.name}）" for c in missing))
    return found


def _check_unknown(unknown: Sequence[str], found: Mapping[str, str], table: TableSpec) -> None:
    if not unknown:
        return
    if not found:
        raise SheetError(f"第 1 行不是表头：没有一个是“{table.label}”的列名；可用 template 命令得到空表")
    words = [w for c in table.columns if c.name not in found.values() for w in (c.label, c.name)]
    described = [f"“{_shortened(header)}”{_near(header, words)}" for header in unknown]
    raise SheetError(f"表“{table.label}”没有这样的列：" + "；".join(described))


def _near(header: str, words: Sequence[str]) -> str:
    nearest = difflib.get_close_matches(header, words, n=1, cutoff=0.5)
    return f"，您是否指“{nearest[0]}”？" if nearest else ""


def _shortened(text: str) -> str:
    return text if len(text) <= 30 else text[:30] + "…"


def inert(text: str) -> str:
    """Return a CSV cell that no spreadsheet takes for a formula: an apostrophe goes before what would be one."""
    return f"'{text}" if _RISKY.match(text) and not _NUMBER.fullmatch(text) else text


def plain(text: str) -> str:
    """Undo `inert`: drop one apostrophe before what would be a formula."""
    return text[1:] if text.startswith("'") and _RISKY.match(text) else text
