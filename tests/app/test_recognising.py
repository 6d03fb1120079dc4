import numpy as np
import pytest
from PIL import Image

from inspector.app.recognising import Kind, is_looked_through, kind_of
from tests.tiny_models import vit_weights, write_safetensors


@pytest.fixture
def folder(tmp_path):
    """A folder with a checkpoint, an image and a text, and a folder of each."""
    for name in ("models", "images"):
        (tmp_path / name).mkdir()
    write_safetensors(tmp_path / "models" / "a.safetensors", vit_weights(depth=1))
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(tmp_path / "images" / "a.png")
    (tmp_path / "note.txt").write_text("neither")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("models/a.safetensors", Kind.MODEL),
        ("models", Kind.MODEL),
        ("images/a.png", Kind.IMAGE),
        ("images", Kind.IMAGE),
        (".", Kind.MODEL),
        ("note.txt", Kind.MODEL),
        ("absent", Kind.MODEL),
    ],
)
def test_that_a_path_is_known_by_what_is_in_it(folder, name, kind):
    assert kind_of(folder / name) is kind


def test_that_a_folder_with_weights_beside_its_pictures_is_one_of_weights(folder):
    source = folder / "models" / "a.safetensors"
    (folder / "images" / "b.safetensors").write_bytes(source.read_bytes())
    assert kind_of(folder / "images") is Kind.MODEL


@pytest.mark.parametrize(
    ("name", "looked_through"),
    [("images", True), ("notes", True), ("models", False), (".", False), ("images/a.png", False)],
)
def test_that_a_folder_without_any_weights_is_looked_through(folder, name, looked_through):
    (folder / "notes").mkdir()
    (folder / "notes" / "a.txt").write_text("neither")
    assert is_looked_through(folder / name) is looked_through
