"""28 | I: SSRF/open redirect by company link, callback or `next`.

Private, metadata and look-alike hosts refused; LE fixed several open redirects (PR 5512).
"""

import ast
from pathlib import Path

import pytest

from pipelines.access.roles import Role
from pipelines.registers.errors import RowRefused
from pipelines.vacancy_workflow.content import Content, Task
from pipelines.vacancy_workflow.links import leads_astray
from tests.api.test_matrix import CALLS, Province
from tests.pipelines.vacancy_workflow.test_links import ASTRAY, HARMLESS
from tests.support.firms import LAWFUL

ROOT = Path(__file__).parents[2]
EVIL = ("https://evil.example", "//evil.example", "/\\evil.example", "https:evil.example", "javascript:alert(1)")
REACHING_OUT = {
    "httpx",
    "httpx2",
    "requests",
    "aiohttp",
    "urllib3",
    "http.client",
    "urllib.request",
    "socket",
    "ftplib",
}
TEXTS = ("title", "description", "occupation", "address", "skills", "certificates")


def check_company_link_is_refused(text: str) -> None:
    """Write a link into each place where a company can write."""
    for column in TEXTS:
        with pytest.raises(RowRefused) as refused:
            Content.of_cells({**LAWFUL, column: f"见 {text}"})
        assert text not in str([fault.reason for fault in refused.value.faults])
    for tasks, contact in (((Task(f"打开 {text}"),), None), ((), text)):
        with pytest.raises(RowRefused):
            Content.of_cells(LAWFUL, tasks, contact)


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:10.0.0.1]/",
        "http://2130706433/",
        "http://metadata.google.internal/",
        "https://www.gansu-gov.cn.example.net",
        "https://gansu.gov.cn@evil.example/",
        "https://gаnsu.gov.cn/",
        "file:///etc/passwd",
    ],
)
def test_link_to_a_private_metadata_or_look_alike_host_is_refused_wherever_it_stands(text: str) -> None:
    check_company_link_is_refused(text)


def test_every_known_disguise_is_seen_through_and_ordinary_links_stay() -> None:
    assert [text for text in ASTRAY if not leads_astray(text)] == []
    assert [text for text in HARMLESS if leads_astray(text)] == []


def test_program_opens_no_address_at_all() -> None:
    # What never reaches out cannot be sent anywhere.
    for folder in ("models", "matching", "pipelines", "api"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                names = {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
                if isinstance(node, ast.ImportFrom) and node.module is not None:
                    names = {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
                assert not names & REACHING_OUT, file.name


@pytest.mark.parametrize("role", [Role.CASEWORKER, Role.COMPANY_POSTER])
def test_no_answer_sends_anybody_elsewhere(whole: Province, role: Role) -> None:
    headers = whole.enter(role)
    for (method, path), call in CALLS.items():
        if method != "GET":
            continue
        for name, kind in call.names.items():
            path = path.replace(f"{{{name}}}", whole.theirs[kind])
        for evil in EVIL:
            asked = {"next": evil, "redirect": evil, "return_to": evil, "callback": evil, "url": evil, "year": "2025"}
            sent = {**headers, "X-Forwarded-Host": "evil.example", "Referer": evil}
            answer = whole.client.get(path, params=asked, headers=sent, follow_redirects=False)
            assert not 300 <= answer.status_code < 400, path
            assert "Location" not in answer.headers, path
            assert "evil.example" not in answer.text, path


def test_signing_in_leads_nowhere(whole: Province) -> None:
    body = {"login": "nobody", "password": "x", "next": "https://evil.example"}
    answer = whole.client.post("/api/v1/session?next=https://evil.example", json=body, follow_redirects=False)
    assert answer.status_code == 401
    assert "Location" not in answer.headers
    for path in ("/api/v1/session/", "//evil.example", "/%2F%2Fevil.example", "/\\evil.example"):
        led = whole.client.get(path, follow_redirects=False)
        assert "evil" not in led.headers.get("Location", "")
