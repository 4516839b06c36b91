"""Settings from the environment and the command line; the only code that reads the environment or the clock.

`YOUGANG_DATABASE_URL`  database; SQLite under `var/` where not given
`YOUGANG_MODELS`        folder of saved models; beside the SQLite file, else `var/models`
`YOUGANG_KEYS`          keys that seal sensitive values, as `id:base64` with commas between; the first one seals
`YOUGANG_KEY_FILE`      file with such keys, one a line; asked where YOUGANG_KEYS is not given; beside the SQLite file
                        (`yougang.keys`), else beside the folder of models, where neither is given
`YOUGANG_OFFICE`        who is in charge of the model in use, for the public register; 需人工核实 there where not given
`YOUGANG_CONTACT`       how the public reaches them; 需人工核实 there where not given
`YOUGANG_DEBUG`         1 shows tracebacks of unexpected faults
"""

import os
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from pipelines.errors import PipelineError

SHANGHAI = ZoneInfo("Asia/Shanghai")
DEFAULT_DATABASE = "sqlite:///var/yougang.db"


class SettingsError(PipelineError):
    """A setting that cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the data lies and which day is asked for."""

    database_url: str
    models: Path
    as_of: date
    is_debug: bool = False
    keys: str = field(default="", repr=False)
    office: str | None = None
    contact: str | None = None

    @classmethod
    def of(cls, database_url: str | None = None, as_of: date | None = None) -> "Settings":
        """Return the settings; what is given goes before the environment, that before the defaults."""
        url = database_url or os.environ.get("YOUGANG_DATABASE_URL") or DEFAULT_DATABASE
        given = os.environ.get("YOUGANG_MODELS")
        models = Path(given) if given else models_beside(url)
        return cls(
            database_url=url,
            models=models,
            as_of=as_of or today(),
            is_debug=is_debug(),
            keys=_keys(keys_beside(url, models)),
            office=os.environ.get("YOUGANG_OFFICE") or None,
            contact=os.environ.get("YOUGANG_CONTACT") or None,
        )

    @property
    def sqlite_file(self) -> Path | None:
        """The file of a SQLite database, or None for another."""
        return sqlite_file(self.database_url)


def is_debug() -> bool:
    """Say whether tracebacks are wanted; answers even where the other settings are wrong."""
    return os.environ.get("YOUGANG_DEBUG") == "1"


def _keys(beside: Path) -> str:
    """Return the keys as they are configured, or those of the file beside the database, or nothing.

    Raises
    ------
    SettingsError
        When a key file cannot be read, or others may read it.
    """
    given, file = os.environ.get("YOUGANG_KEYS"), os.environ.get("YOUGANG_KEY_FILE")
    if given:
        return given
    if file:
        return read_keys(Path(file))
    return read_keys(beside) if beside.exists() else ""


def read_keys(file: Path) -> str:
    """Return the text of a key file.

    Raises
    ------
    SettingsError
        When it cannot be read, or others may read it.
    """
    try:
        if os.name == "posix" and file.stat().st_mode & 0o077:
            raise SettingsError("密钥文件只能由本人读写（chmod 600）")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("无法读取密钥文件，请检查它的位置和权限（YOUGANG_KEY_FILE）") from error


def keys_beside(url: str, models: Path) -> Path:
    """Return the key file of a database for which none is configured."""
    file = sqlite_file(url)
    return models.with_name("yougang.keys") if file is None else file.with_name(f"{file.stem}.keys")


def hand_down(settings: Settings) -> None:
    """Let the processes that this one starts find the same database: the environment is all that they are given."""
    os.environ["YOUGANG_DATABASE_URL"] = settings.database_url


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite URL, or None for another database or one in memory.

    Raises
    ------
    SettingsError
        When the URL is none.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingsError("数据库地址应写作 sqlite:///文件 或 postgresql+psycopg://用户@主机/库") from error
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return None
    return Path(parsed.database)


def models_beside(url: str) -> Path:
    """Return the folder of models for a database."""
    file = sqlite_file(url)
    return Path("var") / "models" if file is None else file.with_name(f"{file.stem}-models")


def today() -> date:
    """Return the day in Gansu (Asia/Shanghai)."""
    return datetime.now(SHANGHAI).date()
