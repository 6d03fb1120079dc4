"""What files hold is told right always, and told without reading where nothing changed."""

import hashlib
import multiprocessing
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile
from PIL import Image

from inspector.core.errors import BadImage
from inspector.images import fingerprints as fingerprints_module
from inspector.images.collection import list_folder, open_file
from inspector.images.fingerprints import Fingerprints, member_key
from tests.images.making import nifti

LONG_AGO = time.time_ns() - 3600 * 10**9


@pytest.fixture
def settled(monkeypatch):
    """Files written just now count as old, so that their hashes are remembered."""
    monkeypatch.setattr(fingerprints_module, "_RACY_NS", -(10**12))


@pytest.fixture
def read(monkeypatch):
    """The files whose content was read, in order."""
    names = []
    digest = hashlib.file_digest

    def counting(file, name):
        names.append(os.path.basename(file.name))  # noqa: PTH119
        return digest(file, name)

    monkeypatch.setattr(fingerprints_module.hashlib, "file_digest", counting)
    return names


def write(path, content: bytes):
    path.write_bytes(content)
    return path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_that_it_is_the_hash_of_the_content(tmp_path):
    for content in (b"", b"abc", bytes(3_000_000)):
        file = write(tmp_path / "a", content)
        assert Fingerprints(None).of(file) == sha256(content)
        assert Fingerprints(tmp_path / "index").of(file) == sha256(content)


def test_that_an_unchanged_file_is_not_read_again_in_another_run(tmp_path, settled, read):
    file = write(tmp_path / "a", b"abc")
    index = tmp_path / "cache" / "index"
    first = Fingerprints(index)
    assert first.of(file) == first.of(file) == sha256(b"abc")
    first.save()
    assert Fingerprints(index).of(file) == sha256(b"abc")
    assert read == ["a"]


def test_that_what_is_remembered_is_written_when_nobody_needs_it_any_more(tmp_path, settled, read):
    file = write(tmp_path / "a", b"abc")
    Fingerprints(tmp_path / "index").of(file)
    Fingerprints(tmp_path / "index").of(file)
    assert read == ["a"]


@pytest.mark.parametrize("keeps", ["nothing", "size", "size and time"])
def test_that_a_changed_file_is_read_again(tmp_path, settled, keeps):
    file = write(tmp_path / "a", b"abc")
    index = Fingerprints(tmp_path / "index")
    os.utime(file, ns=(LONG_AGO, LONG_AGO))
    assert index.of(file) == sha256(b"abc")
    time.sleep(0.02)  # beyond the resolution of the clock of the file system
    changed = b"abcd" if keeps == "nothing" else b"abd"
    write(file, changed)
    if keeps == "size and time":
        os.utime(file, ns=(LONG_AGO, LONG_AGO))
    assert index.of(file) == sha256(changed)


def test_that_a_file_written_just_now_is_not_trusted_to_be_unchanged(tmp_path, monkeypatch):
    """Two writes within one tick of the clock leave size and times as they were."""
    file = write(tmp_path / "a", b"abc")
    found = file.stat()
    frozen = fingerprints_module._State(3, found.st_mtime_ns, found.st_ctime_ns)
    monkeypatch.setattr(fingerprints_module, "_state_of", lambda path: frozen)
    index = Fingerprints(tmp_path / "index")
    assert index.of(file) == sha256(b"abc")
    write(file, b"abd")
    assert index.of(file) == sha256(b"abd")
    # Later the clock tells the two apart, and the hash is remembered.
    monkeypatch.setattr(fingerprints_module.time, "time_ns", lambda: found.st_ctime_ns + 10**11)
    assert index.of(file) == sha256(b"abd")
    write(file, b"abe")
    assert index.of(file) == sha256(b"abd")


def test_that_a_file_that_changes_while_it_is_read_is_not_remembered(
    tmp_path, settled, monkeypatch
):
    file = write(tmp_path / "a", b"abc")
    digest = hashlib.file_digest

    def interrupted(opened, name):
        found = digest(opened, name)
        write(file, b"longer than it was")
        return found

    monkeypatch.setattr(fingerprints_module.hashlib, "file_digest", interrupted)
    index = Fingerprints(None)
    index.of(file)
    monkeypatch.setattr(fingerprints_module.hashlib, "file_digest", digest)
    assert index.of(file) == sha256(b"longer than it was")


@pytest.mark.parametrize("damage", ["lost", "cut", "torn", "rubbish", "folder", "flipped"])
def test_that_a_damaged_index_only_costs_time(tmp_path, settled, damage):
    files = [write(tmp_path / f"{n}", bytes([n])) for n in range(20)]
    path = tmp_path / "index"
    first = Fingerprints(path)
    expected = [first.of(file) for file in files]
    first.save()
    raw = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(raw[:-7])
    elif damage == "torn":
        path.write_bytes(raw[:100] + b"another" + raw[100:])
    elif damage == "rubbish":
        path.write_bytes(os.urandom(5000))
    elif damage == "folder":
        path.mkdir()
    elif damage == "flipped":
        path.write_bytes(bytes(byte ^ 1 for byte in raw))
    for _ in range(3):
        again = Fingerprints(path)
        assert [again.of(file) for file in files] == expected
        again.save()


def test_that_an_index_cut_short_is_mended_by_the_next_run(tmp_path, settled, read):
    files = [write(tmp_path / f"{n}", bytes([n])) for n in range(4)]
    index = Fingerprints(tmp_path / "index")
    for file in files[:2]:
        index.of(file)
    index.save()
    path = tmp_path / "index"
    path.write_bytes(path.read_bytes()[:-7])
    again = Fingerprints(path)
    for file in files:
        again.of(file)
    again.save()
    read.clear()
    last = Fingerprints(path)
    assert [last.of(file) for file in files] == [sha256(bytes([n])) for n in range(4)]
    assert read == []


def test_that_an_index_that_cannot_be_written_is_no_error(tmp_path, settled):
    blocked = write(tmp_path / "file", b"no folder") / "index"
    file = write(tmp_path / "a", b"abc")
    index = Fingerprints(blocked)
    assert index.of(file) == sha256(b"abc")
    index.save()


def test_that_what_another_process_found_is_used(tmp_path, settled, read):
    files = [write(tmp_path / f"{n}", bytes([n])) for n in range(200)]
    one, other = (Fingerprints(tmp_path / "index") for _ in range(2))
    other.of(files[0])
    for file in files:
        one.of(file)
    one.save()
    read.clear()
    for file in files:
        other.of(file)
    assert read == []


def _hash_all(index, files):
    fingerprints_module._RACY_NS = -(10**12)
    found = Fingerprints(index)
    answers = [found.of(file) for file in files]
    found.save()
    return answers


def test_that_several_processes_write_one_index(tmp_path, settled, read):
    files = [write(tmp_path / f"{n}", bytes([n, 1])) for n in range(60)]
    index = tmp_path / "index"
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        parts = pool.starmap(_hash_all, [(index, files[:40]), (index, files[20:])])
    assert parts[0] + parts[1][20:] == [sha256(bytes([n, 1])) for n in range(60)]
    last = Fingerprints(index)
    assert [last.of(file) for file in files] == [sha256(bytes([n, 1])) for n in range(60)]
    assert read == []


def test_that_several_threads_get_the_right_answers(tmp_path, settled):
    files = [write(tmp_path / f"{n}", bytes([n])) for n in range(50)]
    index = Fingerprints(tmp_path / "index")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(index.of, files * 6))
    assert found == [sha256(bytes([n])) for n in range(50)] * 6


def test_that_an_index_that_grew_too_large_is_begun_anew(tmp_path, settled, monkeypatch):
    monkeypatch.setattr(fingerprints_module, "_MOST_RECORDS", 10)
    path = tmp_path / "index"
    for number in range(30):
        index = Fingerprints(path)
        file = write(tmp_path / str(number), bytes([number]))
        assert index.of(file) == sha256(bytes([number]))
        index.save()
    assert path.stat().st_size <= 12 * fingerprints_module._RECORD.size


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "link to itself"])
def test_that_what_is_no_file_is_refused_in_the_words_of_the_readers(tmp_path, kind):
    path = tmp_path / "thing"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe" and hasattr(os, "mkfifo"):
        os.mkfifo(path)
    elif kind == "link to itself":
        path.symlink_to(path)
    said = []
    for read in (Fingerprints(None).of, open_file):
        with pytest.raises(BadImage) as error:
            read(path)
        said.append(str(error.value))
    assert said[0] == said[1]
    assert said[0].startswith("“thing” is")


def key(collection, member):
    return member_key(collection, member, Fingerprints(None))


def test_that_the_key_of_a_picture_is_its_content_and_not_its_name(tmp_path):
    numbers = np.arange(12, dtype=np.uint8).reshape(3, 4)
    for name in ("a.png", "b.png", "c.jpg"):
        Image.fromarray(numbers).save(tmp_path / name, "PNG")
    Image.fromarray(numbers + 1).save(tmp_path / "d.png")
    (tmp_path / "there").mkdir()
    Image.fromarray(numbers).save(tmp_path / "there" / "z.png")
    found = list_folder(tmp_path)
    keys = {member.name: key(found, member) for member in found.members}
    assert keys["a.png"] == keys["b.png"] == keys["c.jpg"] == keys["there/z.png"]
    assert keys["a.png"] != keys["d.png"]


def test_that_every_slice_of_a_file_has_a_key_of_its_own(tmp_path):
    nifti(tmp_path / "4d.nii", np.zeros((4, 3, 3, 2), np.int16))
    tifffile.imwrite(tmp_path / "p.tif", np.zeros((3, 4, 5), np.uint8), photometric="minisblack")
    found = list_folder(tmp_path)
    assert len({key(found, member) for member in found.members}) == 3 * 2 + 3


def test_that_another_way_of_reading_is_another_key(tmp_path, monkeypatch):
    Image.fromarray(np.zeros((3, 4), np.uint8)).save(tmp_path / "a.png")
    found = list_folder(tmp_path)
    keys = [key(found, found.members[0])]
    for name, value in (("READING_VERSION", -1), ("_version", lambda package: "0.0")):
        monkeypatch.setattr(fingerprints_module, name, value)
        fingerprints_module.reading.cache_clear()
        keys.append(key(found, found.members[0]))
    monkeypatch.undo()
    fingerprints_module.reading.cache_clear()
    assert len(set(keys)) == 3


def test_that_a_picture_that_vanished_has_no_key(tmp_path):
    Image.fromarray(np.zeros((3, 4), np.uint8)).save(tmp_path / "a.png")
    found = list_folder(tmp_path)
    (tmp_path / "a.png").unlink()
    with pytest.raises(BadImage, match=r"a\.png"):
        key(found, found.members[0])
