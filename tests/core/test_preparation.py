import pytest

from inspector.core.errors import BadRequest
from inspector.core.preparation import Preparation


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 1e300, -1e300])
@pytest.mark.parametrize("field", ["mean", "std"])
def test_that_statistics_that_overflow_are_refused(field, number):
    with pytest.raises(BadRequest, match="finite"):
        Preparation(**{field: (0.5, number, 0.5)})


@pytest.mark.parametrize("number", [0.0, -0.5, 1e-50])
def test_that_a_deviation_that_cannot_be_divided_by_is_refused(number):
    with pytest.raises(BadRequest, match="above 0"):
        Preparation(std=(0.5, number, 0.5))
    assert Preparation(mean=(0.5, number, 0.5)).mean[1] == number


@pytest.mark.parametrize("field", ["crop_share", "squash_share"])
@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, float("nan")])
def test_that_a_share_is_above_zero_up_to_one(field, share):
    with pytest.raises(BadRequest, match="share above 0 up to 1"):
        Preparation(**{field: share})
