"""State dicts of code bases that are not installed here, by their real names, as shapes."""

Shapes = dict[str, tuple[int, ...]]


def mmdetection_swin(
    depths=(1, 1, 2, 1), width=96, heads=(3, 6, 12, 24), *, window=7, detector=True
) -> Shapes:
    """The backbone of a Mask R-CNN as MMDetection 3.x writes it, and what stands beside it."""
    state: Shapes = {}
    prefix = "backbone." if detector else ""
    _module(state, f"{prefix}patch_embed.projection", (width, 3, 4, 4))
    _module(state, f"{prefix}patch_embed.norm", (width,))
    for stage, depth in enumerate(depths):
        d = width << stage
        for block in range(depth):
            at = f"{prefix}stages.{stage}.blocks.{block}"
            table = ((2 * window - 1) ** 2, heads[stage])
            state[f"{at}.attn.w_msa.relative_position_bias_table"] = table
            _module(state, f"{at}.norm1", (d,))
            _module(state, f"{at}.attn.w_msa.qkv", (3 * d, d))
            _module(state, f"{at}.attn.w_msa.proj", (d, d))
            _module(state, f"{at}.norm2", (d,))
            _module(state, f"{at}.ffn.layers.0.0", (4 * d, d))
            _module(state, f"{at}.ffn.layers.1", (d, 4 * d))
        if stage + 1 < len(depths):
            _module(state, f"{prefix}stages.{stage}.downsample.norm", (4 * d,))
            state[f"{prefix}stages.{stage}.downsample.reduction.weight"] = (2 * d, 4 * d)
    norms = range(len(depths)) if detector else (len(depths) - 1,)
    for stage in norms:
        _module(state, f"{prefix}norm{stage}", (width << stage,))
    if detector:
        _module(state, "neck.lateral_convs.0.conv", (256, width, 1, 1))
        _module(state, "rpn_head.rpn_conv", (256, 256, 3, 3))
        _module(state, "roi_head.bbox_head.fc_cls", (81, 1024))
    return state


def mmpretrain_vit(depth=2, d=192) -> Shapes:
    state: Shapes = {
        "backbone.cls_token": (1, 1, d),
        "backbone.pos_embed": (1, 197, d),
    }
    _module(state, "backbone.patch_embed.projection", (d, 3, 16, 16))
    for block in range(depth):
        at = f"backbone.layers.{block}"
        _module(state, f"{at}.ln1", (d,))
        _module(state, f"{at}.attn.qkv", (3 * d, d))
        _module(state, f"{at}.attn.proj", (d, d))
        _module(state, f"{at}.ln2", (d,))
        _module(state, f"{at}.ffn.layers.0.0", (4 * d, d))
        _module(state, f"{at}.ffn.layers.1", (d, 4 * d))
    _module(state, "backbone.ln1", (d,))
    _module(state, "head.layers.head", (1000, d))
    return state


def timm_vit(depth=2, d=192, *, classes=1000, patch=16) -> Shapes:
    state: Shapes = {"cls_token": (1, 1, d), "pos_embed": (1, 197, d)}
    _module(state, "patch_embed.proj", (d, 3, patch, patch))
    for block in range(depth):
        at = f"blocks.{block}"
        _module(state, f"{at}.norm1", (d,))
        _module(state, f"{at}.attn.qkv", (3 * d, d))
        _module(state, f"{at}.attn.proj", (d, d))
        _module(state, f"{at}.norm2", (d,))
        _module(state, f"{at}.mlp.fc1", (4 * d, d))
        _module(state, f"{at}.mlp.fc2", (d, 4 * d))
    _module(state, "norm", (d,))
    if classes:
        _module(state, "head", (classes, d))
    return state


def openai_clip(depth=2, d=768, *, text_depth=3, text_d=512) -> Shapes:
    """Both towers, as ``clip.load(...).state_dict()`` and open_clip have them."""
    state: Shapes = {
        "positional_embedding": (77, text_d),
        "text_projection": (text_d, 512),
        "logit_scale": (),
        "visual.class_embedding": (d,),
        "visual.positional_embedding": (50, d),
        "visual.proj": (d, 512),
        "visual.conv1.weight": (d, 3, 32, 32),
        "token_embedding.weight": (49408, text_d),
    }
    _module(state, "visual.ln_pre", (d,))
    _module(state, "visual.ln_post", (d,))
    _module(state, "ln_final", (text_d,))
    _resblocks(state, "visual.transformer", depth, d)
    _resblocks(state, "transformer", text_depth, text_d)
    return state


def flax_vit(depth=2, d=192, heads=3) -> Shapes:
    """The arrays of one of Google's ``.npz`` files."""
    state: Shapes = {
        "cls": (1, 1, d),
        "embedding/kernel": (16, 16, 3, d),
        "embedding/bias": (d,),
        "Transformer/posembed_input/pos_embedding": (1, 197, d),
        "Transformer/encoder_norm/scale": (d,),
        "Transformer/encoder_norm/bias": (d,),
        "head/kernel": (d, 1000),
        "head/bias": (1000,),
    }
    for block in range(depth):
        at = f"Transformer/encoderblock_{block}"
        attention = f"{at}/MultiHeadDotProductAttention_1"
        for name in ("query", "key", "value"):
            state[f"{attention}/{name}/kernel"] = (d, heads, d // heads)
            state[f"{attention}/{name}/bias"] = (heads, d // heads)
        state[f"{attention}/out/kernel"] = (heads, d // heads, d)
        state[f"{attention}/out/bias"] = (d,)
        for norm in ("LayerNorm_0", "LayerNorm_2"):
            state |= {f"{at}/{norm}/scale": (d,), f"{at}/{norm}/bias": (d,)}
        state |= {f"{at}/MlpBlock_3/Dense_0/kernel": (d, 4 * d)}
        state |= {f"{at}/MlpBlock_3/Dense_0/bias": (4 * d,)}
        state |= {f"{at}/MlpBlock_3/Dense_1/kernel": (4 * d, d)}
        state |= {f"{at}/MlpBlock_3/Dense_1/bias": (d,)}
    return state


def facebook_dinov3(depth=2, d=384) -> Shapes:
    """DINOv3's own code: a mask over the key's bias, ``storage_tokens``, rotary periods."""
    state: Shapes = {
        "cls_token": (1, 1, d),
        "storage_tokens": (1, 4, d),
        "mask_token": (1, d),
        "rope_embed.periods": (16,),
    }
    _module(state, "patch_embed.proj", (d, 3, 16, 16))
    for block in range(depth):
        at = f"blocks.{block}"
        _module(state, f"{at}.norm1", (d,))
        _module(state, f"{at}.attn.qkv", (3 * d, d))
        state[f"{at}.attn.qkv.bias_mask"] = (3 * d,)
        _module(state, f"{at}.attn.proj", (d, d))
        _module(state, f"{at}.norm2", (d,))
        _module(state, f"{at}.mlp.fc1", (4 * d, d))
        _module(state, f"{at}.mlp.fc2", (d, 4 * d))
        state |= {f"{at}.ls1.gamma": (d,), f"{at}.ls2.gamma": (d,)}
    _module(state, "norm", (d,))
    return state


def under(prefix: str, state: Shapes) -> Shapes:
    return {prefix + name: shape for name, shape in state.items()}


def _resblocks(state: Shapes, tower: str, depth: int, d: int) -> None:
    for block in range(depth):
        at = f"{tower}.resblocks.{block}"
        state[f"{at}.attn.in_proj_weight"] = (3 * d, d)
        state[f"{at}.attn.in_proj_bias"] = (3 * d,)
        _module(state, f"{at}.attn.out_proj", (d, d))
        _module(state, f"{at}.ln_1", (d,))
        _module(state, f"{at}.mlp.c_fc", (4 * d, d))
        _module(state, f"{at}.mlp.c_proj", (d, 4 * d))
        _module(state, f"{at}.ln_2", (d,))


def _module(state: Shapes, name: str, weight: tuple[int, ...]) -> None:
    state[f"{name}.weight"] = weight
    state[f"{name}.bias"] = weight[:1]


def monai_swin(depths=(2, 2), width=48, heads=(3, 6)) -> Shapes:
    """The encoder of a SwinUNETR for volumes of one channel, and one block of its decoder."""
    state: Shapes = {}
    _module(state, "swinViT.patch_embed.proj", (width, 1, 2, 2, 2))
    for stage, depth in enumerate(depths):
        d, layer = width << stage, f"swinViT.layers{stage + 1}.0"
        for block in range(depth):
            at = f"{layer}.blocks.{block}"
            state[f"{at}.attn.relative_position_bias_table"] = (13**3, heads[stage])
            _module(state, f"{at}.attn.qkv", (3 * d, d))
            _module(state, f"{at}.attn.proj", (d, d))
            _module(state, f"{at}.norm1", (d,))
            _module(state, f"{at}.norm2", (d,))
            _module(state, f"{at}.mlp.linear1", (4 * d, d))
            _module(state, f"{at}.mlp.linear2", (d, 4 * d))
        _module(state, f"{layer}.downsample.norm", (8 * d,))
        state[f"{layer}.downsample.reduction.weight"] = (2 * d, 8 * d)
    state["encoder1.layer.conv1.conv.weight"] = (width, 1, 3, 3, 3)
    return state


def monai_vit(depth=2, d=768) -> Shapes:
    """The encoder of a UNETR: no bias for q, k, v."""
    state: Shapes = {"vit.patch_embedding.position_embeddings": (1, 216, d)}
    _module(state, "vit.patch_embedding.patch_embeddings", (d, 1, 16, 16, 16))
    for block in range(depth):
        at = f"vit.blocks.{block}"
        _module(state, f"{at}.norm1", (d,))
        state[f"{at}.attn.qkv.weight"] = (3 * d, d)
        _module(state, f"{at}.attn.out_proj", (d, d))
        _module(state, f"{at}.norm2", (d,))
        _module(state, f"{at}.mlp.linear1", (4 * d, d))
        _module(state, f"{at}.mlp.linear2", (d, 4 * d))
    _module(state, "vit.norm", (d,))
    return state
