"""7 | I: certificate number in URL, log, error, tracker, metric label, backup listing.

Canary certificate through every journey incl. failures; grep all sinks: zero hits.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

from sqlalchemy import select

from pipelines.access.audit import events
from pipelines.access.roles import COMMAND_LINE, Role
from pipelines.access.vault import Vault
from pipelines.backup import backup
from pipelines.store.whole import metadata
from tests.api.test_matrix import CALLS, Province, routes_of
from tests.support.accounts import KEYS
from tests.support.service import OWN, Service
from tests.threats.claims import NOW
from tests.threats.doors import CANARY, IDENTITY, THERE, V1, by, listening, there

NUMBER = CANARY[:18]  # the citizen's number within it is as telling
_ROW = f"candidate_id,certificate_number,region\nsent-1,{CANARY},兰州市城关区\nsent-2,{CANARY}9,x\n".encode()


def journeys(house: Service) -> list[str]:
    """Go the ways on which a certificate number travels, right and wrong ones; return every answer with its headers."""
    mine, theirs = by(house), there(house)
    person = {"certificate_number": CANARY, "region": OWN}
    sheet = {"file": ("sheet.csv", _ROW)}
    answers = [
        house.client.get(f"{V1}/candidates", headers=theirs),
        house.client.get(f"{V1}/candidates/{THERE}", headers=theirs),
        house.client.get(f"{V1}/candidates/{THERE}", headers=mine),
        house.client.get(f"{V1}/candidates/{THERE}/identity", headers=theirs),
        house.client.get(f"{V1}/candidates/{CANARY}", headers=mine),
        house.client.get(f"{V1}/{CANARY}", headers=mine),
        house.client.get(f"{V1}/interactions", params={"candidate_id": CANARY}, headers=mine),
        house.client.get(f"{V1}/candidates", params={"cursor": CANARY, "region": CANARY}, headers=mine),
        house.client.post(f"{V1}/candidates", json=person, headers=by(house)),  # taken
        house.client.post(f"{V1}/candidates", json={**person, "sex": CANARY}, headers=by(house)),
        house.client.post(f"{V1}/candidates", content=f'{{"name": "{CANARY}', headers=by(house)),
        house.client.post(f"{V1}/candidates", json=[CANARY], headers=by(house)),
        house.client.patch(f"{V1}/candidates/{THERE}", json=person, headers={**by(house), "If-Match": CANARY}),
        house.client.post(f"{V1}/imports/candidates", files=sheet, headers=by(house)),
        house.client.post(f"{V1}/session", json={"login": CANARY, "password": CANARY}),
        house.client.get(f"/problems/{CANARY}"),
        house.client.get("/metrics"),
        house.client.get("/readyz"),
    ]
    answers += pages(house)
    return [f"{answer.status_code} {answer.text} {dict(answer.headers)}" for answer in answers]


def pages(house: Service) -> list[Any]:
    """Go the same ways on pages: what is typed wrong or taken comes back without the number, and in no address."""
    answers = []
    for who in (by, there):
        headers = who(house) | {"Accept": "text/html"}
        form = {"request_key": "0123456789", "row_version": "1", "certificate_number": CANARY, "next": f"/{CANARY}"}
        facts = f"/people/{THERE}/facts/identity"
        answers += [
            house.client.get(path, headers=headers) for path in ("/people", f"/people/{THERE}", facts, f"/{CANARY}")
        ]
        answers += [
            house.client.get(f"/people/{CANARY}{rest}", headers=headers) for rest in ("", "/list", "/facts/identity")
        ]
        answers += [house.client.get(f"/people/{THERE}/offline.xlsx", headers=headers)]
        for path, more in (
            ("/people/search", {"who": CANARY}),
            ("/people/search", {"who": CANARY[:18]}),
            ("/people/new", {}),
            ("/people/new", {"sex": CANARY, "birth_date": CANARY, "phone": CANARY}),
            ("/people/certificate", {}),
            ("/people/certificate", {"certificate_number": f"{CANARY}9"}),
            (facts, {"grade": CANARY, "cleared": CANARY}),
            (f"/people/{THERE}/identity", {"purpose": CANARY}),
            (f"/people/{THERE}/services", {"kind": CANARY, "on": CANARY}),
            (f"/people/{THERE}/consents", {"act": CANARY, "stated_on": CANARY, "purpose": CANARY}),
            ("/sign-in", {"login": CANARY, "password": CANARY}),
        ):
            sent = {**form, **more}
            answers.append(house.client.post(path, headers=headers, data=sent, follow_redirects=False))
    return answers


def check_no_sink_has_it(house: Service) -> None:
    """Go every way, and look for the number in answers, logs, metrics, audit and what is kept."""
    with listening() as lines:
        answers = journeys(house)
    assert len(lines) > 10
    told = "\n".join([*answers, *(line for line in lines if not line.startswith("HTTP Request"))])
    with house.engine.connect() as connection:
        told += json.dumps([dict(event) for event in events(connection)], default=str)
        for table in metadata.tables.values():
            told += str([tuple(row) for row in connection.execute(select(table))])
    for word in (CANARY, NUMBER, IDENTITY["name"], IDENTITY["phone"]):
        assert word not in told


def test_number_is_in_no_answer_log_metric_audit_row_or_stored_text(house: Service) -> None:
    check_no_sink_has_it(house)


def test_number_is_handed_out_in_full_only_for_a_stated_purpose(house: Service) -> None:
    asked = f"{V1}/candidates/{THERE}/identity"
    headers = {**there(house), "Yougang-Purpose": "identity_check"}
    answered = house.client.get(asked, headers=headers)
    assert (answered.status_code, answered.json()["certificate_number"]) == (200, CANARY)


def test_number_is_in_no_backup_and_not_in_its_listing(house: Service, tmp_path: Path) -> None:
    out = tmp_path / "whole.yougang"
    backup(house.engine, out, vault=Vault.read(KEYS), by=COMMAND_LINE, at=NOW)
    assert NUMBER.encode() not in out.read_bytes()
    with zipfile.ZipFile(out) as archive:
        for name in archive.namelist():
            assert NUMBER not in name
            assert NUMBER.encode() not in archive.read(name)


def test_no_address_has_a_place_for_a_number_and_every_one_is_logged_by_its_template(whole: Province) -> None:
    names = {part for _, path, __ in routes_of(whole.client.app) for part in path.split("/") if part.startswith("{")}
    assert names
    assert not [name for name in names if "certificate" in name or "number" in name]
    headers = whole.enter(Role.CASEWORKER)
    with listening() as lines:
        for (method, path), call in CALLS.items():
            if call.names and method == "GET":
                whole.call(method, path, call, {**whole.theirs, **dict.fromkeys(whole.theirs, NUMBER)}, headers)
    assert not [line for line in lines if NUMBER in line and not line.startswith("HTTP Request")]
