import json
from pathlib import Path

import numpy as np
import pytest

from models.arrays import empty_rows
from models.artefact import (
    ARRAYS,
    MANIFEST,
    Artefact,
    load_artefact,
    pack_sparse,
    pack_strings,
    save_artefact,
    unpack_sparse,
    unpack_strings,
)
from models.errors import ArtefactMismatch, InvalidInput
from models.text import TextSpace


def an_artefact() -> Artefact:
    return Artefact({"weights": np.arange(6, dtype=np.float32).reshape(2, 3)}, {"epochs": 12, "name": "混合模型"})


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    save_artefact(an_artefact(), tmp_path / "model")
    loaded = load_artefact(tmp_path / "model")
    np.testing.assert_array_equal(loaded.arrays["weights"], an_artefact().arrays["weights"])
    assert loaded.arrays["weights"].dtype == np.float32
    assert loaded.metadata == {"epochs": 12, "name": "混合模型"}


def test_equal_models_are_equal_bytes(tmp_path: Path) -> None:
    digests = [save_artefact(an_artefact(), tmp_path / name) for name in ("one", "two")]
    assert digests[0] == digests[1]
    assert (tmp_path / "one" / ARRAYS).read_bytes() == (tmp_path / "two" / ARRAYS).read_bytes()


@pytest.mark.parametrize("name", [ARRAYS, MANIFEST])
def test_changed_byte_is_noticed(tmp_path: Path, name: str) -> None:
    digest = save_artefact(an_artefact(), tmp_path / "model")
    path = tmp_path / "model" / name
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ArtefactMismatch):
        load_artefact(tmp_path / "model", expected=digest)


def test_exchanged_model_is_noticed_by_the_registered_checksum(tmp_path: Path) -> None:
    save_artefact(an_artefact(), tmp_path / "model")
    other = save_artefact(Artefact({}, {"epochs": 1}), tmp_path / "other")
    with pytest.raises(ArtefactMismatch, match="registered"):
        load_artefact(tmp_path / "model", expected=other)


@pytest.mark.parametrize("name", [ARRAYS, MANIFEST])
def test_missing_file_is_named(tmp_path: Path, name: str) -> None:
    save_artefact(an_artefact(), tmp_path / "model")
    (tmp_path / "model" / name).unlink()
    with pytest.raises(ArtefactMismatch, match=name):
        load_artefact(tmp_path / "model")


def test_other_format_version_is_refused(tmp_path: Path) -> None:
    save_artefact(an_artefact(), tmp_path / "model")
    path = tmp_path / "model" / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, "format": 99}), encoding="utf-8")
    with pytest.raises(ArtefactMismatch, match="another format than 1 and 2"):
        load_artefact(tmp_path / "model")


def test_a_model_saved_in_the_earlier_format_is_still_read(tmp_path: Path) -> None:
    save_artefact(an_artefact(), tmp_path / "model")
    path = tmp_path / "model" / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, "format": 1}), encoding="utf-8")
    assert load_artefact(tmp_path / "model").metadata == an_artefact().metadata


@pytest.mark.parametrize("files", [{"../outside.npz": "00"}, {}, {ARRAYS: "00", "more": "00"}])
def test_manifest_that_names_other_files_is_refused(tmp_path: Path, files: dict[str, str]) -> None:
    save_artefact(an_artefact(), tmp_path / "model")
    path = tmp_path / "model" / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, "files": files}), encoding="utf-8")
    with pytest.raises(ArtefactMismatch, match="not complete"):
        load_artefact(tmp_path / "model")


def test_python_objects_are_neither_saved_nor_loaded(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Python objects"):
        save_artefact(Artefact({"ids": np.array(["a", None], dtype=object)}), tmp_path / "model")
    with pytest.raises(InvalidInput, match="JSON"):
        save_artefact(Artefact({}, {"config": object()}), tmp_path / "model")
    with pytest.raises(InvalidInput, match="JSON"):
        save_artefact(Artefact({}, {"share": float("nan")}), tmp_path / "model")


def test_failed_save_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        save_artefact(Artefact({}, {"config": object()}), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_saved_model_is_never_overwritten(tmp_path: Path) -> None:
    save_artefact(an_artefact(), tmp_path / "model")
    with pytest.raises(InvalidInput, match="exists already"):
        save_artefact(Artefact({}, {}), tmp_path / "model")
    assert load_artefact(tmp_path / "model").metadata["epochs"] == 12


def test_loaded_arrays_cannot_be_changed(tmp_path: Path) -> None:
    save_artefact(an_artefact(), tmp_path / "model")
    with pytest.raises(ValueError, match="read-only"):
        load_artefact(tmp_path / "model").arrays["weights"][0, 0] = 9


def test_parts_are_saved_together_and_come_apart_again(tmp_path: Path) -> None:
    text = TextSpace(min_df=1).fit([["保安", "巡逻"]])
    whole = Artefact.of_parts({"text": text.to_artefact(), "hybrid": an_artefact()}, {"until": "2025-03-01"})
    save_artefact(whole, tmp_path / "model")
    loaded = load_artefact(tmp_path / "model")
    assert set(loaded.parts) == {"text", "hybrid"}
    assert loaded.metadata["until"] == "2025-03-01"
    assert TextSpace.from_artefact(loaded.part("text")).words_ == text.words_
    assert loaded.part("hybrid").metadata["epochs"] == 12
    with pytest.raises(ArtefactMismatch, match="has no part 'blend'"):
        loaded.part("blend")


@pytest.mark.parametrize("values", [[], [""], ["推拿", "a\nb", "c\x00d", '"']])
def test_packed_texts_come_back(values: list[str]) -> None:
    assert unpack_strings(pack_strings(values)) == values


@pytest.mark.parametrize("content", [b"\xff\xfe", b"{}", b"[1]"])
def test_array_that_holds_no_texts_is_refused(content: bytes) -> None:
    with pytest.raises(ArtefactMismatch):
        unpack_strings(np.frombuffer(content, dtype=np.uint8))


def test_packed_matrix_comes_back_and_a_missing_piece_is_noticed() -> None:
    rows = TextSpace(min_df=1).fit_transform([["保安", "巡逻"], []])
    packed = pack_sparse("rows", rows)
    np.testing.assert_array_equal(unpack_sparse("rows", packed).toarray(), rows.toarray())
    assert unpack_sparse("none", pack_sparse("none", empty_rows(0, 3))).shape == (0, 3)
    del packed["rows.indptr"]
    with pytest.raises(ArtefactMismatch, match="not complete"):
        unpack_sparse("rows", packed)


def test_nobody_but_owner_and_group_reads_a_saved_model_or_the_folder_of_models(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "one"
    save_artefact(Artefact({"a": np.zeros(3)}, {}), folder)
    assert [path.stat().st_mode & 0o777 for path in (folder.parent, folder)] == [0o750, 0o750]
    assert load_artefact(folder).arrays["a"].tolist() == [0, 0, 0]
