"""Threat 13: what is stolen with the database stays sealed, and a sealed value opens nowhere but in its place."""

import pytest

from pipelines.access.errors import KeysMissing, VaultError
from pipelines.access.vault import Place, Vault, new_key
from tests.support.builders import certificate_number

HERE = Place("users", "totp_secret", "u1")
SECRET = certificate_number()


@pytest.fixture
def vault() -> Vault:
    return Vault.read(new_key("k1"))


def test_what_is_sealed_opens_in_its_place_and_tells_nothing(vault: Vault) -> None:
    sealed = vault.seal(SECRET, HERE)
    assert vault.open(sealed, HERE) == SECRET
    assert SECRET not in sealed
    assert vault.seal(SECRET, HERE) != sealed


@pytest.mark.parametrize(
    "elsewhere",
    [Place("users", "totp_secret", "u2"), Place("users", "name", "u1"), Place("candidates", "totp_secret", "u1")],
)
def test_threat_13_a_sealed_value_moved_to_another_row_column_or_table_does_not_open(
    vault: Vault, elsewhere: Place
) -> None:
    with pytest.raises(VaultError) as refused:
        vault.open(vault.seal(SECRET, HERE), elsewhere)
    assert SECRET not in str(refused.value)


def test_threat_14_one_flipped_letter_does_not_open(vault: Vault) -> None:
    sealed = vault.seal(SECRET, HERE)
    for at in range(len("v1.k1."), len(sealed) - 2):
        flipped = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
        with pytest.raises(VaultError):
            vault.open(flipped, HERE)


@pytest.mark.parametrize("sealed", ["", "v1", "v1.k1.", "v1.k1.!!!", "v2.k1.AAAA", "v1.k1.AAAA"])
def test_what_never_was_sealed_does_not_open(vault: Vault, sealed: str) -> None:
    with pytest.raises(VaultError):
        vault.open(sealed, HERE)


def test_another_key_of_the_same_name_does_not_open(vault: Vault) -> None:
    with pytest.raises(VaultError):
        Vault.read(new_key("k1")).open(vault.seal(SECRET, HERE), HERE)


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    old = new_key("k1")
    sealed = Vault.read(old).seal(SECRET, HERE)
    both = Vault.read(f"{new_key('k2')}\n{old}\n")
    assert both.open(sealed, HERE) == SECRET
    assert not both.is_current(sealed)
    assert both.is_current(both.seal(SECRET, HERE))


def test_without_the_key_nothing_seals_or_opens(vault: Vault) -> None:
    sealed = vault.seal(SECRET, HERE)
    with pytest.raises(KeysMissing):
        Vault.read("").open(sealed, HERE)
    with pytest.raises(KeysMissing):
        Vault.read("").seal(SECRET, HERE)


@pytest.mark.parametrize("text", ["k1", "k1:short", "K1:" + "A" * 43 + "=", f"k1:{'A' * 43}=,k1:{'B' * 43}="])
def test_a_malformed_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(VaultError) as refused:
        Vault.read(text)
    assert text not in str(refused.value)


def test_keys_are_not_printed(vault: Vault) -> None:
    assert repr(vault) == "Vault()"


@pytest.mark.parametrize("row", ["c-1", '引号"和\\', "号码\n"])
def test_opener_of_a_column_gives_and_refuses_what_open_does(vault: Vault, row: str) -> None:
    place, older = Place("candidates", "birth_date", row), Vault.read(new_key("k0"))
    both = Vault({**vault.keys, **older.keys})
    opened = both.opener("candidates", "birth_date")
    assert opened(row, vault.seal("1980-01-02", place)) == "1980-01-02"
    assert opened(row, older.seal("1980-01-02", place)) == "1980-01-02"
    with pytest.raises(VaultError):
        opened(row + "x", vault.seal("1980-01-02", place))
    with pytest.raises(VaultError):
        opened(row, vault.seal("1980-01-02", place)[:-4] + "AAAA")
    with pytest.raises(KeysMissing):
        Vault({}).opener("candidates", "birth_date")(row, vault.seal("1980-01-02", place))
