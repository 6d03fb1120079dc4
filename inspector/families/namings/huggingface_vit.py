"""Hugging Face's ViT, DeiT, DINOv2, DINOv3, BEiT, ViT-MAE and I-JEPA, as 4.x and 5.x write them."""

from inspector.families.naming import Kind, Naming

BLOCK = {
    "layernorm_before.*": "norm1.*",
    "layernorm_after.*": "norm2.*",
    "norm1.*": "norm1.*",
    "norm2.*": "norm2.*",
    "attention.attention.query.*": "q.*",
    "attention.attention.key.*": "k.*",
    "attention.attention.value.*": "v.*",
    "attention.output.dense.*": "out.*",
    "attention.q_proj.*": "q.*",
    "attention.k_proj.*": "k.*",
    "attention.v_proj.*": "v.*",
    "attention.o_proj.*": "out.*",
    "attention.q_norm.*": "q_norm.*",
    "attention.k_norm.*": "k_norm.*",
    "attention.attention.relative_position_bias.relative_position_bias_table": (
        "relative_position_bias_table"
    ),
    "attention.relative_position_bias.relative_position_bias_table": (
        "relative_position_bias_table"
    ),
    "relative_position_bias.relative_position_bias_table": "relative_position_bias_table",
    "intermediate.dense.*": "mlp.in.*",
    "output.dense.*": "mlp.out.*",
    "mlp.fc1.*": "mlp.in.*",
    "mlp.fc2.*": "mlp.out.*",
    "mlp.weights_in.*": "mlp.in.*",
    "mlp.weights_out.*": "mlp.out.*",
    "mlp.gate_proj.*": "mlp.gate.*",
    "mlp.up_proj.*": "mlp.in.*",
    "mlp.down_proj.*": "mlp.out.*",
    "layer_scale1.lambda1": "layer_scale1",
    "layer_scale2.lambda1": "layer_scale2",
    "lambda_1": "layer_scale1",
    "lambda_2": "layer_scale2",
}

NAMING = Naming(
    source="Hugging Face",
    blocks=("encoder.layer.{b}.", "layers.{b}.", "layer.{b}.", "model.layer.{b}."),
    inside=BLOCK,
    outside={
        "embeddings.cls_token": "cls_token",
        "embeddings.distillation_token": "dist_token",
        "embeddings.register_tokens": "register_tokens",
        "embeddings.mask_token": "mask_token",
        "embeddings.position_embeddings": "pos_embed",
        "embeddings.patch_embeddings.projection.*": "patch_embed.*",
        "embeddings.patch_embeddings.*": "patch_embed.*",
        "encoder.relative_position_bias.relative_position_bias_table": (
            "relative_position_bias_table"
        ),
        "shared_position_bias.relative_position_bias_table": "relative_position_bias_table",
        "layernorm.*": "norm.*",
        "norm.*": "norm.*",
        "pooler.layernorm.*": "fc_norm.*",
        "pooler.dense.*": "pre_logits.*",
    },
    above={
        "layernorm.*": "norm.*",
        "classifier.*": "head.*",
        "cls_classifier.*": "head.*",
        "distillation_classifier.*": "head_dist.*",
    },
    kinds=(
        Kind("MAE", has=("vit", "decoder.decoder_pred.weight")),
        Kind("MAE", has=("embeddings.cls_token", "decoder_pred.weight")),
        Kind("DeiT", has=("dist_token",)),
        Kind("BEiT", has=("relative_position_bias_table", "layer_scale1")),
        Kind("BEiT", has=("layers.#.lambda_#",)),
        Kind("BEiT", has=("encoder.layer.#.lambda_#",)),
        Kind("DINOv3", has=("layer_scale1", "cls_token"), lacks=("pos_embed", "k.bias")),
        Kind("DINOv2", has=("layer_scale1", "pos_embed")),
        Kind("DeiT", has=("deit",)),
        Kind("ViT"),
    ),
)
