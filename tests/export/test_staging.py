import errno
from pathlib import Path

import pytest

from inspector.core.errors import Cancelled, ExportFailed
from inspector.export import staging
from inspector.export.staging import check_can_be_written, refusal, staged


def put(stage: staging.Stage, *names: str) -> None:
    for name in names:
        (stage.temporary / name).write_text(f"new {name}")


def test_that_files_appear_together_when_all_are_written(tmp_path) -> None:
    with staged(tmp_path, overwrite=False) as stage:
        put(stage, "b.csv", "a.pdf")
        assert not list(tmp_path.glob("*.pdf"))
    assert stage.published == (tmp_path / "a.pdf", tmp_path / "b.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.pdf", "b.csv"]


def write_then_raise(folder: Path, fault: type[BaseException]) -> None:
    with staged(folder, overwrite=True, create=True) as stage:
        put(stage, "a.pdf")
        raise fault


@pytest.mark.parametrize("fault", [Cancelled, ValueError, KeyboardInterrupt])
def test_that_nothing_is_left_when_the_work_is_broken_off(tmp_path, fault) -> None:
    with pytest.raises(fault):
        write_then_raise(tmp_path / "new" / "deep", fault)
    assert not list(tmp_path.iterdir())


def test_that_a_file_of_the_name_is_kept_unless_it_may_be_replaced(tmp_path) -> None:
    (tmp_path / "a.pdf").write_text("old")
    with (
        pytest.raises(ExportFailed, match=r"a\.pdf is already in"),
        staged(tmp_path, overwrite=False) as stage,
    ):
        put(stage, "a.pdf", "b.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["a.pdf"]
    assert (tmp_path / "a.pdf").read_text() == "old"
    with staged(tmp_path, overwrite=True) as stage:
        put(stage, "a.pdf", "b.csv")
    assert (tmp_path / "a.pdf").read_text() == "new a.pdf"


def test_that_a_folder_of_the_name_is_never_replaced(tmp_path) -> None:
    (tmp_path / "a.pdf").mkdir()
    (tmp_path / "a.pdf" / "thesis.tex").write_text("years of work")
    with (
        pytest.raises(ExportFailed, match="is a folder"),
        staged(tmp_path, overwrite=True) as stage,
    ):
        put(stage, "a.pdf")
    assert (tmp_path / "a.pdf" / "thesis.tex").exists()


def test_that_renaming_is_taken_back_when_it_fails_halfway(tmp_path, monkeypatch) -> None:
    (tmp_path / "a.pdf").write_text("old")
    rename = Path.replace

    def full_at_c(path: Path, target: Path) -> Path:
        if Path(target) == tmp_path / "c.json":
            raise OSError(errno.ENOSPC, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", full_at_c)
    with (
        pytest.raises(ExportFailed, match="the disk is full"),
        staged(tmp_path, overwrite=True) as stage,
    ):
        put(stage, "a.pdf", "b.csv", "c.json")
    assert [p.name for p in tmp_path.iterdir()] == ["a.pdf"]
    assert (tmp_path / "a.pdf").read_text() == "old"


def test_that_a_folder_that_is_not_there_is_refused_in_words(tmp_path) -> None:
    with (
        pytest.raises(ExportFailed, match="there is no such folder"),
        staged(tmp_path / "absent", overwrite=False),
    ):
        pytest.fail("nothing can be written")


def test_that_a_file_in_place_of_the_folder_is_refused_in_words(tmp_path) -> None:
    (tmp_path / "out").write_text("a file")
    with (
        pytest.raises(ExportFailed, match="Nothing was written"),
        staged(tmp_path / "out", overwrite=True, create=True),
    ):
        pytest.fail("nothing can be written")
    assert (tmp_path / "out").read_text() == "a file"


def test_that_a_folder_that_cannot_be_written_to_is_refused_beforehand(
    tmp_path, monkeypatch
) -> None:
    check_can_be_written(tmp_path)
    check_can_be_written(tmp_path / "new" / "newer")
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("a file")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for name in ("file", "file/out", "nowhere/out"):
        with pytest.raises(ExportFailed, match="a file stands in its place"):
            check_can_be_written(tmp_path / name)
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(ExportFailed, match="may not be written to"):
        check_can_be_written(tmp_path / "new")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EACCES, "may not be written to"),
        (errno.EROFS, "may not be written to"),
        (errno.ENAMETOOLONG, "name is too long"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_that_every_fault_of_the_disk_is_a_sentence_with_advice(code, words) -> None:
    import os

    found = refusal(Path("out"), OSError(code, os.strerror(code)))
    assert words in found.message
    assert found.advice.endswith(".")
