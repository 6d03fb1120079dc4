"""Hugging Face's Swin and Swin-v2, as 4.x and 5.x write them."""

from inspector.families.naming import Kind, Naming

NAMING = Naming(
    source="Hugging Face",
    blocks=("encoder.layers.{s}.blocks.{b}.",),
    inside={
        "layernorm_before.*": "norm1.*",
        "layernorm_after.*": "norm2.*",
        "attention.self.query.*": "q.*",
        "attention.self.key.*": "k.*",
        "attention.self.value.*": "v.*",
        "attention.output.dense.*": "out.*",
        "attention.q_proj.*": "q.*",
        "attention.k_proj.*": "k.*",
        "attention.v_proj.*": "v.*",
        "attention.o_proj.*": "out.*",
        "attention.self.relative_position_bias_table": "relative_position_bias_table",
        "attention.relative_position_bias.relative_position_bias_table": (
            "relative_position_bias_table"
        ),
        "attention.self.logit_scale": "logit_scale",
        "attention.logit_scale": "logit_scale",
        "attention.self.continuous_position_bias_mlp.0.*": "position_mlp.in.*",
        "attention.self.continuous_position_bias_mlp.2.*": "position_mlp.out.*",
        "intermediate.dense.*": "mlp.in.*",
        "output.dense.*": "mlp.out.*",
        "mlp.fc1.*": "mlp.in.*",
        "mlp.fc2.*": "mlp.out.*",
    },
    outside={
        "embeddings.patch_embeddings.projection.*": "patch_embed.*",
        "embeddings.norm.*": "patch_embed.norm.*",
        "embeddings.mask_token": "mask_token",
        "embeddings.position_embeddings": "pos_embed",
        "encoder.layers.{s}.downsample.reduction.*": "downsample.{s}.reduction.*",
        "encoder.layers.{s}.downsample.norm.*": "downsample.{s}.norm.*",
        "layernorm.*": "norm.*",
    },
    above={
        "classifier.*": "head.*",
        # of a backbone, one for each stage whose features are used; MaskFormer counts from 0
        **{f"hidden_states_norms.stage{n + 1}.*": f"detection_norm.{n}.*" for n in range(4)},
        **{f"hidden_states_norms.{n}.*": f"detection_norm.{n}.*" for n in range(4)},
    },
    kinds=(Kind("Swin-v2", has=("logit_scale",)), Kind("Swin")),
    head_dim=32,
)
