"""Links that lead astray are refused wherever a company can write (threat 28); nothing is ever opened."""

import pytest

from pipelines.registers.errors import RowRefused
from pipelines.vacancy_workflow.content import Content, Task
from pipelines.vacancy_workflow.links import leads_astray
from tests.support.firms import LAWFUL

ASTRAY = (
    "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/",
    "http://0x7f.1/", "http://017700000001/", "http://0/", "https://10.0.0.8/x", "http://192.168.1.1:8080",
    "http://172.16.3.4", "http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://[::ffff:127.0.0.1]/",
    "http://[fd00::1]/", "http://[fe80::1%25eth0]/", "http://100.100.100.200/", "http://metadata.google.internal/",
    "http://localhost:5432", "HTTP://LOCALHOST", "http://printer/", "http://db.internal/", "http://nas.local",
    "http://127.0.0.1.nip.io", "http://１２７.０.０.１/", "http://169。254。169。254/", "http://127.0.0.1./",
    "https://user:secret@example.com/", "https://www.gansu.gov.cn@evil.example/", "https://example.com\\@evil.example",
    "http:/\\127.0.0.1", "https://gansu.gov.cn.example.com/", "https://www.gansu-gov.cn.example.net", "http://政府.cn",
    "https://xn--80ak6aa92e.com/", "https://gаnsu.gov.cn/", "https://example%2ecom", "ftp://example.com/x",
    "file:///etc/passwd", "javascript:alert(1)", "JavaScript : alert(1)", "data:text/html,x", "gopher://example.com:70/",
    "http://", "http://256.1.1.1/", "http://1.2.3.4.5/",
)  # fmt: skip
HARMLESS = (
    "https://www.gansu.gov.cn/zwgk", "http://example.com", "https://example.com:8443/a?b=c#d", "http://8.8.8.8/",
    "详见 https://www.cdpf.org.cn。请先电话联系", "见https://www.12333.gov.cn/；或致电", "薪资：3000",
    "时间：9:00-18:00", "C://", "使用 MATLAB 或 data：录入", "负责 file 归档", "",
)  # fmt: skip


@pytest.mark.parametrize("text", ASTRAY)
def test_threat_28_a_link_to_a_private_metadata_or_look_alike_host_is_refused(text: str) -> None:
    assert leads_astray(f"岗位详情 {text}")


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_links_and_words_are_left_alone(text: str) -> None:
    assert not leads_astray(text)


@pytest.mark.parametrize("column", ["title", "description", "occupation", "address", "skills", "certificates"])
def test_threat_28_it_is_refused_in_whatever_column_and_not_repeated(column: str) -> None:
    with pytest.raises(RowRefused) as caught:
        Content.of_cells({**LAWFUL, column: "见 http://169.254.169.254/x"})
    assert [fault.column for fault in caught.value.faults] == [column]
    assert "169" not in caught.value.faults[0].reason


def test_threat_28_tasks_and_the_contact_are_no_way_around() -> None:
    for tasks, contact in (((Task("打开 http://localhost/"),), None), ((), "http://10.1.1.1")):
        with pytest.raises(RowRefused):
            Content.of_cells(LAWFUL, tasks, contact)
