"""Query, key and value of tokens from the three matrices of a block, which timm keeps as one."""

from torch import Tensor
from torch.nn.functional import linear

from inspector.families.network import Asked


def project(
    tokens: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    shape: tuple[int, int],
    asked: Asked | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Query, key and value of all tokens; or query and key of those asked for, and no value.

    Parameters
    ----------
    tokens
        (batch, tokens, d).
    weight, bias
        (3 * heads * d_k, d) and (3 * heads * d_k,): of query, key and value.
    shape
        heads, d_k.

    Returns
    -------
    (batch, heads, tokens, d_k) each.
    """
    if asked is None:
        cut = linear(tokens, weight, bias).reshape(*tokens.shape[:2], 3, *shape)
        query, key, value = cut.permute(2, 0, 3, 1, 4).unbind(0)
        return query, key, value
    weights = weight.chunk(3)
    biases = (None, None) if bias is None else bias.chunk(3)[:2]
    query, key = (
        _by_head(linear(_of_places(tokens, places), own, offset), shape)
        for places, own, offset in zip((asked.queries, asked.keys), weights, biases, strict=False)
    )
    return query, key, key[:, :, :0]


def _by_head(projected: Tensor, shape: tuple[int, int]) -> Tensor:
    """(batch, tokens, heads * d_k) -> (batch, heads, tokens, d_k)."""
    return projected.reshape(*projected.shape[:2], *shape).transpose(1, 2)


def _of_places(tokens: Tensor, places: Tensor | None) -> Tensor:
    """(batch, tokens, d) those at (batch, n) places; all where there are none."""
    if places is None:
        return tokens
    return tokens.gather(1, places[:, :, None].expand(-1, -1, tokens.shape[2]))
