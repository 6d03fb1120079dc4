"""Published weights: timm's own numbers, and the right answer on natural and medical images."""

import numpy as np
import pytest
import torch

from inspector.core.images import Slice, SliceAddress, Window
from inspector.families import open_model
from inspector.families.running import build_network
from inspector.families.torchvision_guard import prepare_torchvision
from inspector.images import open_images
from inspector.images.preparing import prepare
from tests.families.running.plain import assert_close, assert_sound, pixels_of

PUBLISHED = "weights/deit_tiny_patch16_224.fb_in1k"
# Numbers of ImageNet's classes.
CATS = {281, 282, 285}
CUPS = {967, 968, 504}


@pytest.mark.parametrize(
    "name", ["model.safetensors", "deit_tiny_patch16_224-container_like_fb.pth"]
)
def test_that_deit_tiny_gives_timms_logits(shared_data, name) -> None:
    prepare_torchvision()
    import timm
    from safetensors.torch import load_file

    folder = shared_data / PUBLISHED
    original = timm.create_model("deit_tiny_patch16_224", pretrained=False).eval()
    original.load_state_dict(load_file(folder / "model.safetensors"))
    with open_model(folder / name) as model:
        network = build_network(model)
    pixels = pixels_of(224, 224, batch=1)
    found = assert_sound(network, pixels)
    with torch.no_grad():
        assert_close(found.output, original(pixels), "logits")


@pytest.mark.parametrize(("picture", "classes"), [("chelsea.png", CATS), ("coffee.png", CUPS)])
def test_that_natural_images_are_what_they_show(shared_data, picture, classes) -> None:
    with open_model(shared_data / PUBLISHED / "model.safetensors") as model:
        network = build_network(model)
    image = open_images(shared_data / "images/skimage" / picture)[0]
    shown = image.read(SliceAddress())
    prepared = prepare(shown, shown.default_tone(), network.preparation)
    logits = network.module(torch.from_numpy(prepared.pixels.copy())[None])
    assert set(logits[0].topk(2).indices.tolist()) <= classes


def test_that_the_fine_tuned_model_tells_pneumonia(shared_data) -> None:
    """Its README gives 0.958 on all validation images; these are the first forty."""
    with open_model(shared_data / "weights/deit_tiny_pneumoniamnist/epoch_6.pth") as model:
        network = build_network(model)
    held = np.load(shared_data / "images/medmnist/pneumoniamnist.npz")
    images, labels = held["val_images"][:40], held["val_labels"][:40, 0]
    whole = Window(127.5, 255.0)
    pixels = [
        prepare(Slice(i.astype(np.float32)), whole, network.preparation).pixels for i in images
    ]
    logits = network.module(torch.from_numpy(np.stack(pixels)))
    right = (logits.argmax(dim=1).numpy() == labels).mean()
    assert right > 0.85
