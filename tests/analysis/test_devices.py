import subprocess
import sys

import pytest
import torch

from inspector.analysis.devices import available_devices, describe_device, resolve_device
from inspector.core.errors import BadRequest, DeviceUnavailable


def test_that_the_processor_is_always_there_and_first():
    assert available_devices()[0] == "cpu"
    assert describe_device(resolve_device("cpu")) == "CPU, float64"


def test_that_auto_takes_the_graphics_processor_if_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert resolve_device("auto") == "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto") == "cpu"


def test_that_a_device_that_is_not_there_is_refused_in_words(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceUnavailable, match="no CUDA device") as caught:
        resolve_device("cuda")
    assert "cpu" in caught.value.advice


def test_that_a_word_that_is_no_device_is_refused():
    with pytest.raises(BadRequest, match="“tpu”"):
        resolve_device("tpu")


def test_that_comparing_on_the_processor_never_imports_torch():
    script = (
        "import sys\n"
        "from inspector.analysis import matching, patterns\n"
        "from inspector.analysis.devices import describe_device, resolve_device\n"
        "from inspector.analysis.evolution import compare, compare_series\n"
        "from inspector.analysis.invariant import with_products\n"
        "from tests import models\n"
        "a, b = models.vit(), models.vit(models.vit_state(seed=1))\n"
        "series = compare_series(a, [b], device=resolve_device('cpu'))\n"
        "with_products(series, a, [b])\n"
        "patterns.find_patterns(series.comparisons[0])\n"
        "print(sorted({'torch', 'scipy', 'matplotlib', 'timm'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr
