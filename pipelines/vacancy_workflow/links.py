"""Links in texts that companies send: none is ever fetched, and those that lead astray are refused.

Refused are links to private, local and metadata addresses (in whatever writing of the number), with a name in front of
the host, of other kinds than http and https, and to names that look like others (mixed scripts, punycode, a known name
in the middle of another).
"""

import ipaddress
import re
import unicodedata

_LINK = re.compile(r"([a-z][a-z0-9+.\-]{1,15}):(?://|\\\\|/\\|\\/)([^\s/?#<>\"'，。；、）)】」]*)", re.IGNORECASE)
_SCRIPT = re.compile(
    r"\b(?:(?:javascript|vbscript)\s*:\s*\S|data\s*:\s*[a-z]+/[a-z]|(?:file|blob)\s*:\s*(?:/|http))", re.I
)
_PROTOCOLS = frozenset({"http", "https"})
_LOCAL_NAMES = frozenset({"localhost", "metadata", "instance-data", "kubernetes", "host.docker.internal"})
_LOCAL_ENDS = (
    ".localhost", ".local", ".internal", ".intranet", ".lan", ".home", ".corp", ".home.arpa", ".localdomain",
    ".nip.io", ".sslip.io", ".xip.io", ".localtest.me", ".lvh.me",
)  # fmt: skip
_NUMBER = r"(?:0x[0-9a-f]+|\d+)"
_ADDRESS = re.compile(rf"{_NUMBER}(?:\.{_NUMBER})*\.?", re.IGNORECASE)
# In the middle of a host these only pretend: gansu.gov.cn.example.com is example.com.
_KNOWN_ENDS = (".gov.cn.", ".edu.cn.", ".org.cn.", ".com.cn.", "-gov-cn.", "-gov.cn.")
_HAN = re.compile(r"[\u3400-\u9fff]")
_MAX_HOST = 253
_WHOLE, _PARTS = 32, 4


def leads_astray(text: str) -> bool:
    """True where a text holds a link that must not be shown to anybody."""
    plain = unicodedata.normalize("NFKC", text).replace("。", ".")
    if _SCRIPT.search(plain):
        return True
    return any(_is_bad(match[1], match[2]) for match in _LINK.finditer(plain))


def _is_bad(protocol: str, authority: str) -> bool:
    if protocol.lower() not in _PROTOCOLS:
        return True
    authority = _HAN.split(authority)[0]  # the sentence goes on after the link
    if "@" in authority or "\\" in authority or "%" in authority:
        return True
    host = _host(authority)
    if host is None or not host or len(host) > _MAX_HOST:
        return True
    if host.startswith("["):
        return _is_private(host.strip("[]"))
    number = _as_address(host)
    if number is not None:
        return _is_private(number)
    return _is_local_name(host) or _looks_like_another(host)


def _host(authority: str) -> str | None:
    if authority.startswith("["):
        end = authority.find("]")
        return None if end < 0 else authority[: end + 1].lower()
    return authority.partition(":")[0].rstrip(".").lower()


def _is_private(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return True
    mapped = getattr(found, "ipv4_mapped", None)
    return not (mapped or found).is_global


def _as_address(host: str) -> str | None:
    """Return the address that a browser makes of numbers (2130706433, 0x7f.1, 0177.0.0.1), or None for a name."""
    if not _ADDRESS.fullmatch(host):
        return None
    parts = [_number(part) for part in host.split(".")]
    known = [part for part in parts if part is not None]
    if len(known) != len(parts):
        return "not an address"
    if len(known) > _PARTS:
        return "not an address"
    *front, last = known
    value = last
    for place, part in enumerate(front):
        value += part << (_WHOLE - 8 * (place + 1))
    if any(part > 255 for part in front) or not 0 <= value < 1 << _WHOLE:
        return "not an address"
    return str(ipaddress.IPv4Address(value))


def _number(text: str) -> int | None:
    try:
        if text.lower().startswith("0x"):
            return int(text[2:] or "0", 16)
        return int(text, 8) if len(text) > 1 and text.startswith("0") else int(text)
    except ValueError:
        return None


def _is_local_name(host: str) -> bool:
    # A name of one word is looked up in the network of whoever reads it.
    return host in _LOCAL_NAMES or "." not in host or host.endswith(_LOCAL_ENDS)


def _looks_like_another(host: str) -> bool:
    if any(label.startswith("xn--") for label in host.split(".")) or not host.isascii():
        return True
    return any(end in host for end in _KNOWN_ENDS)
