"""Whatever goes wrong while reading is one sentence, and warnings are left as they were."""

import threading
import warnings

import pytest

from inspector.core.errors import BadImage
from inspector.images.refusing import refused_as_damaged


def test_that_threads_that_overlap_leave_the_filters_of_warnings_as_they_were():
    before = list(warnings.filters)
    second_reads, first_is_done = threading.Event(), threading.Event()
    caught = []

    def first():
        with refused_as_damaged("a.png", "a picture"):
            second_reads.wait(5)
        first_is_done.set()

    def second():
        with refused_as_damaged("b.png", "a picture"):
            second_reads.set()
            first_is_done.wait(5)
            try:
                warnings.warn("odd, but read", stacklevel=1)
            except UserWarning as error:
                caught.append(error)

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert caught == []
    assert list(warnings.filters) == before
    with pytest.raises(UserWarning, match="once nobody reads"):
        warnings.warn("once nobody reads", stacklevel=1)


def test_that_the_filters_are_restored_after_a_refusal():
    before = list(warnings.filters)
    with (
        pytest.raises(BadImage, match=r"a\.png.*damaged"),
        refused_as_damaged("a.png", "a picture"),
    ):
        raise EOFError
    assert list(warnings.filters) == before
