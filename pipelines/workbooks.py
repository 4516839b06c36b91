"""XLSX workbooks as a stream of rows, in bounded memory, whoever wrote them.

The parts are read one element at a time: `openpyxl` would build what a row does not need, fail on styles that it does
not know (WPS and report servers write such), and drop rows that stand out of order. What the rows mean is left to
`pipelines.sheets`. Layout: ECMA-376 part 1, 18.2 to 18.8; DTDs and entities are refused by `defusedxml`.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from posixpath import join, normpath
from typing import IO
from xml.sax import SAXException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl
from zipfile import BadZipFile, ZipFile, ZipInfo

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import create_parser
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils import range_boundaries
from openpyxl.utils.cell import column_index_from_string
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

from pipelines.errors import SheetError

MAX_CELL = 1_048_576  # characters in one cell
MAX_XLSX_CELL = 32_767  # what the format itself allows
MAX_XLSX_ROWS, _MAX_COLUMN = 1_048_576, 16_384
_MAX_PARTS = 10_000
_MAX_UNPACKED = 2 << 30
_MAX_SMALL_PART = 32 << 20
_MAX_STRINGS = 512 << 20
_SUSPICIOUS_FROM, _MAX_RATIO = 16 << 20, 100  # a real sheet shrinks to between a fifth and a thirtieth
_CHUNK = 1 << 16
_DIGITS_KEPT = 15

# Formats 27 to 36 and 50 to 58 are dates in Chinese Excel (18.8.30) and unknown to openpyxl.
_CHINESE_DATES = frozenset((*range(27, 37), *range(50, 59)))
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_ESCAPE_LIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")

FORMULA = "单元格是公式；请复制后以“值”粘贴"
DIGITS_LOST = "数字超过 15 位，Excel 已丢失末尾几位；请把此列设为文本格式后重新填写"


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it stands: texts by column from 0, empty ones left out, and what is wrong with single cells."""

    number: int
    cells: Mapping[int, str]
    problems: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Book:
    """What is needed of a workbook besides the rows of its first visible sheet."""

    sheet: str
    strings: list[str]
    dates: frozenset[int]
    epoch: datetime


def escape(text: str) -> str:
    """Write characters that XML cannot hold as `_xHHHH_` (18.18.90, ST_Xstring)."""
    literal = _ESCAPE_LIKE.sub("_x005F_", text)
    return _UNWRITABLE.sub(lambda match: f"_x{ord(match[0]):04X}_", literal)


def unescape(text: str) -> str:
    """Undo `escape`; NUL and halves of pairs stay as written, since no text may hold them."""
    return _ESCAPED.sub(_character, text) if "_x" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)


@contextmanager
def open_lines(path: Path) -> Iterator[Iterator[Line]]:
    """Yield the rows of the first visible sheet of a workbook, wholly empty ones left out.

    Raises
    ------
    SheetError
        When it is no workbook, broken, or unpacks to more than any table needs; from the iterator, when it breaks
        half-way.
    """
    with _refusing(f"{path.name} 不完整或不是 XLSX 文件，请重新导出或重新传送"):
        archive = ZipFile(path)
    with archive:
        _check_sizes(path.name, archive.infolist())
        with _refusing(f"{path.name} 的内部结构已损坏，无法作为 XLSX 读取"):
            book = _read_book(path.name, archive)
        yield _lines(path.name, archive, book)


_BROKEN = (
    BadZipFile,
    zlib.error,
    EOFError,
    SAXException,
    DefusedXmlException,
    ValueError,
    KeyError,
    IndexError,
    NotImplementedError,
    RuntimeError,
)  # the last two: a compression or encryption that zipfile does not know


@contextmanager
def _refusing(message: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise SheetError(message) from error


def _check_sizes(name: str, parts: list[ZipInfo]) -> None:
    """Refuse a zip bomb by its directory; `zipfile` never reads more of a part than is declared there."""
    total = sum(part.file_size for part in parts)
    swollen = any(p.file_size > _SUSPICIOUS_FROM and p.file_size > _MAX_RATIO * p.compress_size for p in parts)
    if len(parts) > _MAX_PARTS or total > _MAX_UNPACKED or swollen:
        raise SheetError(f"{name} 解压后过大（疑似压缩炸弹），未读取")


class _Handler(ContentHandler):
    """A handler that knows names without their prefix and collects the text of wanted elements."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] | None = None
        self._length = 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802  fixed by xml.sax
        self.start(name.rpartition(":")[2], attrs)

    def endElement(self, name: str) -> None:  # noqa: N802  fixed by xml.sax
        self.end(name.rpartition(":")[2])

    def characters(self, content: str) -> None:
        if self._parts is not None:
            self._parts.append(content)
            self._length += len(content)
            if self._length > MAX_CELL:
                raise SheetError("有超过 1 MB 的单元格")

    def start(self, name: str, attrs: AttributesImpl) -> None:
        """Take the start of an element."""

    def end(self, name: str) -> None:
        """Take the end of an element."""

    def begin_text(self) -> None:
        self._parts, self._length = [], 0

    def end_text(self) -> str:
        text = "".join(self._parts or ())
        self._parts = None
        return text


def _feed(stream: IO[bytes], handler: ContentHandler) -> Iterator[None]:
    """Parse a part, pausing after each chunk."""
    parser = create_parser(forbid_dtd=True)
    parser.setContentHandler(handler)
    while chunk := stream.read(_CHUNK):
        parser.feed(chunk)
        yield
    parser.close()


def _parse(archive: ZipFile, part: str, handler: ContentHandler, limit: int = _MAX_SMALL_PART) -> None:
    if archive.getinfo(part).file_size > limit:
        raise SheetError("工作簿中的样式或文字表过大，无法读取；请另存为 CSV")
    with archive.open(part) as stream:
        for _ in _feed(stream, handler):
            pass


class _Attributes(_Handler):
    """Collects the attributes of the elements of some names, in order, and where they stand."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.names = names
        self.found: list[tuple[str, dict[str, str]]] = []
        self._above: list[str] = []

    def start(self, name: str, attrs: AttributesImpl) -> None:
        if name in self.names:
            place = f"{self._above[-1]}/{name}" if self._above else name
            self.found.append((place, {key.rpartition(":")[2]: attrs[key] for key in attrs.getNames()}))
        self._above.append(name)

    def end(self, name: str) -> None:
        self._above.pop()


class _Strings(_Handler):
    """The shared strings; readings of characters (rPh) are no part of the text."""

    def __init__(self) -> None:
        super().__init__()
        self.strings: list[str] = []
        self._runs: list[str] = []
        self._is_reading = False

    def start(self, name: str, attrs: AttributesImpl) -> None:
        if name == "si":
            self._runs = []
        elif name == "rPh":
            self._is_reading = True
        elif name == "t" and not self._is_reading:
            self.begin_text()

    def end(self, name: str) -> None:
        if name == "si":
            self.strings.append(unescape("".join(self._runs)))
        elif name == "rPh":
            self._is_reading = False
        elif name == "t" and not self._is_reading:
            self._runs.append(self.end_text())


def _read_book(name: str, archive: ZipFile) -> _Book:
    workbook = _workbook_part(archive)
    targets = _targets(archive, workbook)
    handler = _Attributes("sheet", "workbookPr")
    _parse(archive, workbook, handler)
    epoch, sheet = WINDOWS_EPOCH, None
    for place, attributes in handler.found:
        if place == "workbook/workbookPr" and attributes.get("date1904", "0") in ("1", "true"):
            epoch = MAC_EPOCH
        kind, target = targets.get(attributes.get("id", ""), ("", ""))
        if place == "sheets/sheet" and kind == "worksheet" and attributes.get("state", "visible") == "visible":
            sheet = sheet or target
    if sheet is None:
        raise SheetError(f"{name} 中没有可见的工作表")
    by_kind = dict(targets.values())
    strings = _Strings()
    if by_kind.get("sharedStrings") in archive.NameToInfo:
        _parse(archive, by_kind["sharedStrings"], strings, _MAX_STRINGS)
    styles = by_kind.get("styles")
    dates = _date_styles(archive, styles) if styles in archive.NameToInfo and styles else frozenset[int]()
    archive.getinfo(sheet)
    return _Book(sheet, strings.strings, dates, epoch)


def _workbook_part(archive: ZipFile) -> str:
    for kind, target in _targets(archive, "").values():
        if kind == "officeDocument":
            return target
    raise KeyError("officeDocument")


def _targets(archive: ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Return what a part refers to: kind and part by id."""
    folder, _, file = part.rpartition("/")
    handler = _Attributes("Relationship")
    _parse(archive, join(folder, "_rels", f"{file}.rels"), handler)
    found = {}
    for _, attributes in handler.found:
        target = normpath(join("/", folder, attributes["Target"])).lstrip("/")
        found[attributes["Id"]] = (attributes["Type"].rpartition("/")[2], target)
    return found


def _date_styles(archive: ZipFile, part: str) -> frozenset[int]:
    """Return which cell styles show a number as a day."""
    handler = _Attributes("numFmt", "xf")
    _parse(archive, part, handler)
    codes = dict(BUILTIN_FORMATS)
    codes.update({int(a["numFmtId"]): a["formatCode"] for place, a in handler.found if place == "numFmts/numFmt"})
    formats = [int(a.get("numFmtId", "0")) for place, a in handler.found if place == "cellXfs/xf"]
    return frozenset(i for i, number in enumerate(formats) if _is_date(number, codes.get(number)))


def _is_date(number: int, code: str | None) -> bool:
    if code is None:
        return number in _CHINESE_DATES
    return is_date_format(code) and not is_timedelta_format(code)


def broken_after(name: str, row: int, reason: str) -> SheetError:
    """Return the error of a file that could be read up to a row, 0 being not even the header."""
    where = f"只能读到第 {row} 行" if row else "的表头无法读取"
    return SheetError(f"{name} {where}：{reason}", row=row)


def _lines(name: str, archive: ZipFile, book: _Book) -> Iterator[Line]:
    handler = _Rows(book)
    last = 0
    error: Exception | None = None
    with _refusing(f"{name} 的内部结构已损坏，无法作为 XLSX 读取"):
        opened = archive.open(book.sheet)
    with opened as stream:
        progress = _feed(stream, handler)
        while True:
            try:
                is_over = next(progress, progress) is progress
            except (SheetError, *_BROKEN) as caught:
                is_over, error = True, caught
            for line in handler.take():
                last = line.number
                yield line
            if is_over:
                break
    if error is not None:
        reason = str(error) if isinstance(error, SheetError) else "此后内容已损坏或不完整"
        raise broken_after(name, last, reason) from error


class _Rows(_Handler):
    """The rows of a sheet, finished ones waiting to be taken."""

    def __init__(self, book: _Book) -> None:
        super().__init__()
        self.book = book
        self._done: list[Line] = []
        self._row = 0
        self._column = -1
        self._cells: dict[int, str] = {}
        self._problems: dict[int, str] = {}
        self._kind: str | None = None  # of the cell that is open; None outside cells
        self._style = 0
        self._value = ""
        self._runs: list[str] = []
        self._is_reading = False
        self._is_formula = False
        self._arrays: list[tuple[int, int, int, int]] = []

    def take(self) -> list[Line]:
        """Return the rows finished since the last call."""
        done, self._done = self._done, []
        return done

    def start(self, name: str, attrs: AttributesImpl) -> None:
        if name == "c":
            self._start_cell(attrs)
        elif name == "row":
            self._start_row(attrs)
        elif self._kind is None:
            return
        elif name == "f":
            self._start_formula(attrs)
        elif name == "rPh":
            self._is_reading = True
        elif name == "v" or (name == "t" and not self._is_reading):
            self.begin_text()

    def end(self, name: str) -> None:
        if name == "row":
            if self._cells or self._problems:
                self._done.append(Line(self._row, self._cells, self._problems))
        elif self._kind is None:
            return
        elif name == "v":
            self._value = self.end_text()
        elif name == "t" and not self._is_reading:
            self._runs.append(self.end_text())
        elif name == "rPh":
            self._is_reading = False
        elif name == "c":
            self._end_cell()

    def _start_row(self, attrs: AttributesImpl) -> None:
        number = int(attrs["r"]) if "r" in attrs else self._row + 1
        if not self._row < number <= MAX_XLSX_ROWS:
            raise SheetError("行号次序有误或超出 Excel 的行数")
        self._row, self._column = number, -1
        self._cells, self._problems = {}, {}

    def _start_cell(self, attrs: AttributesImpl) -> None:
        self._column = self._place(attrs["r"]) if "r" in attrs else self._column + 1
        self._kind = attrs.get("t", "n")
        self._style = int(attrs.get("s", "0"))
        self._value, self._runs, self._is_formula, self._is_reading = "", [], False, False

    def _place(self, reference: str) -> int:
        match = _REFERENCE.fullmatch(reference)
        column = column_index_from_string(match[1]) - 1 if match else -1
        if match is None or int(match[2]) != self._row or not self._column < column < _MAX_COLUMN:
            raise SheetError("单元格位置有误")
        return column

    def _start_formula(self, attrs: AttributesImpl) -> None:
        self._is_formula = True
        if attrs.get("t") in ("array", "dataTable") and "ref" in attrs:
            left, top, right, bottom = range_boundaries(attrs["ref"])
            # The other cells of the range hold results only; they are as much a formula as the first.
            self._arrays.append((top or 1, (left or 1) - 1, bottom or MAX_XLSX_ROWS, (right or _MAX_COLUMN) - 1))

    def _end_cell(self) -> None:
        text, problem = ("", FORMULA) if self._is_formula or self._in_array() else self._text()
        if problem:
            self._problems[self._column] = problem
        elif text:
            self._cells[self._column] = text
        self._kind = None

    def _in_array(self) -> bool:
        self._arrays = [area for area in self._arrays if area[2] >= self._row]
        return any(top <= self._row and left <= self._column <= right for top, left, _, right in self._arrays)

    def _text(self) -> tuple[str, str]:
        """Return the cell as text and what is wrong with it."""
        kind, value = self._kind, self._value
        if kind == "inlineStr":
            return unescape("".join(self._runs)), ""
        if not value:
            return "", ""
        if kind == "s":
            return self.book.strings[int(value)], ""
        if kind == "str":
            return unescape(value), ""
        if kind == "b":
            return ("是" if value in ("1", "true") else "否"), ""
        if kind == "d":
            return value[:10], ""
        if kind == "e":
            return "", "单元格是错误值（如 #N/A）"
        return _day(value, self.book.epoch) if self._style in self.book.dates else number_text(value)


def _day(value: str, epoch: datetime) -> tuple[str, str]:
    try:
        # openpyxl's own annotation leaves out what a serial number may become.
        moment: object = from_excel(float(value), epoch)
    except (OverflowError, ValueError):
        return "", "日期超出 Excel 的范围"
    if isinstance(moment, datetime):
        return moment.date().isoformat(), ""
    return (moment.isoformat() if isinstance(moment, time) else str(moment)), ""


def number_text(value: str) -> tuple[str, str]:
    """Return a number of a sheet as plain digits, and what is wrong with it."""
    if value.isascii() and value.isdigit() and len(value) <= _DIGITS_KEPT:
        return str(int(value)), ""
    try:
        number = Decimal(value)
    except InvalidOperation:
        return "", "数字无法识别"
    if not number.is_finite() or number.adjusted() >= _DIGITS_KEPT:
        return "", DIGITS_LOST if number.is_finite() else "数字无法识别"
    # A sheet keeps 15 digits; those after are the noise of binary fractions (0.30000000000000004).
    text = format(Decimal(format(float(number), f".{_DIGITS_KEPT}g")), "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text), ""
