"""Query and key of some tokens are those that the block has for all of them."""

import pytest
import torch

from inspector.families.network import Asked
from tests.analysis.running import KINDS, captured, running


@pytest.mark.parametrize("some_keys", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_that_tokens_asked_for_are_projected_as_with_all_others(kind, some_keys):
    """The first token, a prefix token where there are any, the last, and some twice."""
    _, network = running(kind)
    for block in network.blocks:
        taps = captured(kind).blocks[block.address]
        whole = block.attend(taps.attn_input, taps.grid)
        last = whole.query.shape[2] - 1
        queries = torch.tensor([[last, 0]])
        keys = torch.tensor([[3, last, 0, 3, last // 2]]) if some_keys else None
        parts = block.attend(taps.attn_input, taps.grid, Asked(queries, keys))
        every = torch.arange(last + 1)[None]
        for name, places in (("query", queries), ("key", every if keys is None else keys)):
            for found, all_of_them in (
                (getattr(parts, name), getattr(whole, name)),
                (getattr(parts, f"turned_{name}"), getattr(whole, f"turned_{name}")),
            ):
                assert (found is None) == (all_of_them is None)
                if found is not None:
                    expected = all_of_them[:, :, places[0]]
                    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
        assert parts.value.shape[2] == 0
        assert parts.windows is whole.windows
        torch.testing.assert_close(parts.scale, whole.scale)
        if whole.position_bias is not None:
            assert torch.equal(parts.position_bias, whole.position_bias)
