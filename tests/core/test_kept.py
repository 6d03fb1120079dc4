from dataclasses import dataclass

from inspector.core.kept import Kept


@dataclass(frozen=True)
class Sized:
    nbytes: int


def test_that_what_was_used_longest_ago_goes_first():
    kept = Kept(30)
    for name in "abc":
        kept.put(name, Sized(10))
    assert kept.get("a") == Sized(10)
    kept.put("d", Sized(10))
    assert [name for name in "abcd" if name in kept] == ["a", "c", "d"]


def test_that_looking_whether_something_is_kept_is_no_use_of_it():
    kept = Kept(20)
    kept.put("a", Sized(10))
    kept.put("b", Sized(10))
    assert "a" in kept
    kept.put("c", Sized(10))
    assert "a" not in kept


def test_that_a_value_larger_than_all_room_is_held_alone():
    kept = Kept(10)
    kept.put("a", Sized(5))
    kept.put("b", Sized(50))
    assert "a" not in kept
    assert kept.get("b") == Sized(50)
    assert not kept.has_room(1)


def test_that_a_value_put_in_again_takes_its_own_place():
    kept = Kept(20)
    for size in (10, 20, 8):
        kept.put("a", Sized(size))
    assert len(kept) == 1
    assert kept.has_room(12)
    assert not kept.has_room(13)


def test_that_what_is_unwanted_is_let_go_of():
    kept = Kept(100)
    for number in range(5):
        kept.put(number, Sized(20))
    kept.drop(lambda key: key % 2 == 0)
    assert [number for number in range(5) if number in kept] == [1, 3]
    assert kept.has_room(60)
