import hashlib
from pathlib import Path

import pytest

from inspector.core.errors import Cancelled
from inspector.core.provenance import Provenance, record_of


def test_that_a_file_is_recorded_with_its_size_and_hash(tmp_path: Path) -> None:
    file = tmp_path / "weights.bin"
    content = bytes(range(256)) * 40_000
    file.write_bytes(content)
    record = record_of(file)
    assert (record.name, record.size) == ("weights.bin", len(content))
    assert record.sha256 == hashlib.sha256(content).hexdigest()


def test_that_hashing_can_be_cancelled(tmp_path: Path) -> None:
    file = tmp_path / "weights.bin"
    file.write_bytes(bytes(9_000_000))

    def cancel(done: int, total: int, text: str = "") -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        record_of(file, progress=cancel)


def test_that_provenance_names_versions_and_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "weights.bin"
    file.write_bytes(b"x")
    found = Provenance((record_of(file),), command="python -m inspector compare").as_json()
    assert {"vit-inspector", "python", "numpy", "torch"} <= set(found["versions"])
    assert str(tmp_path) not in str(found)
