import pytest

from inspector.app.networks import KEPT, Networks
from inspector.core.errors import CannotRun
from tests.tiny_models import model


@pytest.fixture
def built(monkeypatch):
    """Names of the models that were built, in order."""
    names = []

    def build_network(model, *, device):
        names.append((model.checkpoint.path.name, device))
        if "broken" in model.checkpoint.path.name:
            raise CannotRun("It has no patch embedding.", advice="Look at its weights.")
        return object()

    monkeypatch.setattr("inspector.families.running.build_network", build_network)
    return names


def test_that_a_network_is_built_once_and_the_ones_used_last_are_kept(built):
    networks, models = Networks(), [model(f"{n}.pth") for n in range(KEPT + 1)]
    first = networks.of(models[0], "cpu")
    assert networks.of(models[0], "cpu") is first
    for one in models[1:]:
        networks.of(one, "cpu")
    networks.of(models[0], "cpu")
    assert [name for name, _ in built] == ["0.pth", "1.pth", "2.pth", "0.pth"]


def test_that_another_device_needs_another_network(built):
    networks, one = Networks(), model("a.pth")
    networks.of(one, "cpu")
    networks.of(one, "cuda")
    assert built == [("a.pth", "cpu"), ("a.pth", "cuda")]


def test_that_what_cannot_run_is_tried_once_and_says_the_same_each_time(built):
    networks, one = Networks(), model("broken.pth")
    for _ in range(3):
        with pytest.raises(CannotRun, match="no patch embedding") as caught:
            networks.of(one, "cpu")
        assert caught.value.advice == "Look at its weights."
    assert len(built) == 1


def test_that_networks_of_closed_models_are_let_go_of(built):
    networks, one, other = Networks(), model("a.pth"), model("b.pth")
    for entry in (one, other):
        networks.of(entry, "cpu")
    networks.keep({id(other)})
    networks.of(other, "cpu")
    networks.of(one, "cpu")
    assert [name for name, _ in built] == ["a.pth", "b.pth", "a.pth"]
