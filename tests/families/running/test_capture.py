"""Taps into a running model: what they give, and that nothing of them stays behind."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from inspector.core.address import Address
from inspector.core.errors import BadRequest, Cancelled
from inspector.core.tokens import Box, Placement
from inspector.families.capture import ALL_TAPS, Tap, capture, hooks_in, mixed, pattern_of
from inspector.families.network import Network
from inspector.families.torchvision_guard import prepare_torchvision
from tests.families.running.plain import opened, pixels_of, placement_of, randomised, saved


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> Network:
    prepare_torchvision()
    from timm.models.vision_transformer import VisionTransformer

    sizes = {"img_size": (16, 12), "patch_size": 4, "embed_dim": 24, "depth": 3, "num_heads": 3}
    module = randomised(VisionTransformer(**sizes, num_classes=4, reg_tokens=2), seed=0)
    config = {"architecture": "vit", "model_args": {"img_size": [16, 12], "num_heads": 3}}
    folder = tmp_path_factory.mktemp("vit")
    return opened(saved(folder, module.state_dict(), config))[1]


def hooks(network: Network) -> int:
    own = [vars(module).get("forward") for module in network.module.modules()]
    return sum(getattr(forward, "__name__", "") == "hooked" for forward in own)


def test_that_no_hook_is_left(network) -> None:
    pixels = pixels_of(16, 12)
    capture(network, pixels, placement_of(pixels))
    assert hooks(network) == 0


def test_that_hooks_stay_while_someone_stays_in_them(network) -> None:
    pixels = pixels_of(16, 12)
    with hooks_in(network, [Tap.ATTN_INPUT]):
        assert hooks(network) == 2 * 3
        kept = [
            capture(network, pixels, placement_of(pixels), taps=taps).blocks
            for taps in ([Tap.ATTN_INPUT], ALL_TAPS)
        ]
        assert hooks(network) == 2 * 3
    assert hooks(network) == 0
    for address, block in kept[0].items():
        assert torch.equal(block.attn_input, kept[1][address].attn_input)
        assert block.attn_out is None
        assert kept[1][address].attn_out is not None


def test_that_what_stood_for_forward_before_stands_for_it_again(network, monkeypatch) -> None:
    block, called = network.blocks[0].module, []
    forward = block.forward

    def mine(tokens):
        called.append(tokens)
        return forward(tokens)

    monkeypatch.setattr(block, "forward", mine)
    pixels = pixels_of(16, 12)
    capture(network, pixels, placement_of(pixels))
    assert len(called) == 1
    assert vars(block)["forward"] is mine


def test_that_threads_capture_different_taps_at_once(network) -> None:
    pixels = pixels_of(16, 12)
    places, kinds = placement_of(pixels), [*([tap] for tap in Tap), list(Tap)]
    expected = [capture(network, pixels, places, taps=taps) for taps in kinds]
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda n: capture(network, pixels, places, taps=kinds[n % 6]), range(120))
        for number, one in enumerate(found):
            for address, block in one.blocks.items():
                for tap in Tap:
                    mine, theirs = (
                        getattr(b, tap) for b in (block, expected[number % 6].blocks[address])
                    )
                    assert (mine is None) == (theirs is None) == (tap not in kinds[number % 6])
                    assert mine is None or torch.equal(mine, theirs)
    assert hooks(network) == 0


def test_that_no_hook_is_left_when_the_model_fails(network, monkeypatch) -> None:
    def fails(_tokens):
        assert hooks(network) > 0
        raise RuntimeError("out of memory")

    monkeypatch.setattr(network.blocks[1].module.mlp, "forward", fails)
    pixels = pixels_of(16, 12)
    with pytest.raises(RuntimeError, match="out of memory"):
        capture(network, pixels, placement_of(pixels))
    assert hooks(network) == 0


def test_that_a_cancel_ends_the_pass_after_the_block_it_is_in(network) -> None:
    told = []

    def cancelled(done: int, total: int, text: str = "") -> None:
        told.append((done, total, text))
        if done == 2:
            raise Cancelled

    pixels = pixels_of(16, 12)
    with pytest.raises(Cancelled):
        capture(network, pixels, placement_of(pixels), progress=cancelled)
    assert told == [(1, 3, "S0 B0"), (2, 3, "S0 B1")]
    assert hooks(network) == 0


def test_that_only_what_is_asked_for_is_kept(network) -> None:
    pixels, wanted = pixels_of(16, 12), Address(0, 1)
    found = capture(
        network, pixels, placement_of(pixels), taps=[Tap.ATTN_INPUT], addresses=[Address(0, 1, 2)]
    )
    assert list(found.blocks) == [wanted]
    block = found.blocks[wanted]
    assert block.attn_input.shape == (2, 3 + 12, 24)
    assert block.resid_pre is block.attn_out is block.mlp_out is block.resid_post is None
    assert block.grid.prefix == ("CLS", "REG 0", "REG 1")
    assert found.output.shape == (2, 4)


def test_that_a_block_that_is_not_there_is_refused(network) -> None:
    pixels = pixels_of(16, 12)
    with pytest.raises(BadRequest, match="no block S0 B3"):
        capture(network, pixels, placement_of(pixels), addresses=[Address(0, 3)])


def test_that_pixels_of_another_picture_are_refused(network) -> None:
    placement = Placement((20, 20), (20, 20), Box(0, 0, 20, 20))
    with pytest.raises(BadRequest, match="do not fit an input"):
        capture(network, pixels_of(16, 12), placement)


def test_that_the_grid_is_where_the_tokens_are(network) -> None:
    """A change in one patch of the picture changes the embedding of that token and no other."""
    pixels = pixels_of(16, 12, batch=1)
    changed = pixels.clone()
    changed[:, :, 8:12, 4:8] += 1.0
    placement = placement_of(pixels)
    before, after = (
        next(iter(capture(network, p, placement, taps=[Tap.RESID_PRE]).blocks.values()))
        for p in (pixels, changed)
    )
    moved = (after.resid_pre - before.resid_pre).abs().amax(dim=-1)[0].nonzero().flatten().tolist()
    assert moved == [before.grid.token(2, 1)]
    box = before.grid.box(2, 1)
    assert (box.top, box.left, box.bottom, box.right) == (16, 8, 24, 16)


def test_that_the_pattern_is_the_softmax_of_the_scaled_product_written_out(network) -> None:
    pixels = pixels_of(16, 12)
    found = capture(network, pixels, placement_of(pixels))
    block = network.blocks[2]
    taps = found.blocks[block.address]
    parts = block.attend(taps.attn_input, taps.grid)
    pattern, mixture = pattern_of(parts), mixed(parts, taps.grid)
    attention = block.module.attn
    x = taps.attn_input[1].double()
    weight, bias = attention.qkv.weight.double(), attention.qkv.bias.double()
    for head in range(3):
        rows = [slice(part * 24 + head * 8, part * 24 + head * 8 + 8) for part in range(3)]
        query, key, value = (x @ weight[r].T + bias[r] for r in rows)
        score = query @ key.T / 8**0.5
        expected = score.exp() / score.exp().sum(dim=1, keepdim=True)
        assert torch.allclose(pattern[1, head].double(), expected, rtol=1e-5, atol=1e-7)
        mine = mixture[1, :, head * 8 : head * 8 + 8].double()
        assert torch.allclose(mine, expected @ value, rtol=1e-4, atol=1e-6)
        assert torch.allclose(parts.query_bias[head].double(), bias[rows[0]])
        assert torch.allclose(parts.key_bias[head].double(), bias[rows[1]])


def test_that_hooks_are_set_in_one_file_only(repository) -> None:
    setting = re.compile(r"register_\w*hook|\.forward = ")
    files = [p for p in (repository / "inspector").rglob("*.py") if setting.search(p.read_text())]
    assert [path.name for path in files] == ["capture.py"]


def test_that_no_gradients_are_kept(network) -> None:
    pixels = pixels_of(16, 12)
    found = capture(network, pixels, placement_of(pixels))
    assert not found.output.requires_grad
    assert not any(p.requires_grad for p in network.module.parameters())
    assert not network.module.training
