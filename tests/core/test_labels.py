from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from inspector.core.labels import unique_labels


def test_that_different_names_stay_short() -> None:
    assert unique_labels([Path("a/pre.pth"), Path("b/post.pth")]) == ("pre.pth", "post.pth")


def test_that_namesakes_keep_their_folder_and_others_do_not() -> None:
    paths = [Path("r/run1/e.pth"), Path("r/run2/e.pth"), Path("r/run2/f.pth")]
    assert unique_labels(paths) == ("run1/e.pth", "run2/e.pth", "f.pth")


def test_that_a_file_given_twice_is_numbered() -> None:
    first, second = unique_labels([Path("a/x.pth"), Path("a/x.pth")])
    assert (first, second) == ("x.pth (1)", "x.pth (2)")


names = st.sampled_from(["a", "b", "c"])
paths = st.lists(st.lists(names, min_size=1, max_size=4).map(lambda p: Path("/", *p)), max_size=8)


@given(paths)
def test_that_labels_are_always_distinct(several: list[Path]) -> None:
    assert len(set(unique_labels(several))) == len(several)
