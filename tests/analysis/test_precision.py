import pytest
import torch

from inspector.analysis.precision import full_precision


def settings() -> tuple[str, str]:
    backends = torch.backends
    return backends.cuda.matmul.fp32_precision, backends.cudnn.conv.fp32_precision


def test_that_cuda_computes_in_float32_while_it_lasts_and_is_as_before_afterwards():
    before = settings()
    inside = []

    def interrupted():
        with full_precision(torch.device("cuda")):
            inside.append(settings())
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert inside == [("ieee", "ieee")]
    assert settings() == before


def test_that_nothing_is_set_on_the_processor():
    before = settings()
    with full_precision(torch.device("cpu")):
        assert settings() == before
