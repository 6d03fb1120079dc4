"""``tree CKPT [--json]``: which model a checkpoint holds, and its stages, blocks and heads."""

import argparse
import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from inspector.cli.options import add_heads, add_section
from inspector.core.outline import BlockOutline, Matrix, StageOutline
from inspector.families import open_model
from inspector.families.model import Model

NAME = "tree"
HELP = "Show the stages, blocks and heads of the model in a checkpoint."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("checkpoint", type=Path, help="a checkpoint file, or a folder of one")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a tree")
    add_heads(parser)
    add_section(parser)


def run(arguments: argparse.Namespace) -> None:
    """Open the checkpoint and print what it is."""
    with open_model(
        arguments.checkpoint, heads=arguments.heads, section=arguments.section
    ) as model:
        if arguments.json:
            print(json.dumps(as_json(model), indent=2, ensure_ascii=False))
        else:
            print("\n".join(lines(model)))


def as_json(model: Model) -> dict[str, Any]:
    """The outline as plain values."""
    outline, checkpoint = model.outline, model.checkpoint
    return {
        "family": outline.family,
        "source": outline.source,
        "stages": [
            {"index": stage.index, "blocks": [_block_json(block) for block in stage.blocks]}
            for stage in outline.stages
        ],
        "parameters": outline.parameters,
        "assumed": list(outline.assumed),
        "foreign_classes": list(checkpoint.foreign),
        "container": checkpoint.container,
        "section": checkpoint.section,
        "sections": [section.name for section in checkpoint.sections],
        "stripped_prefix": outline.stripped,
        "patch_size": list(outline.patch_size),
        "prefix_tokens": [{"kind": t.kind, "count": t.count} for t in outline.prefix_tokens],
        "num_classes": outline.num_classes,
        "notes": [*outline.notes, *checkpoint.notes],
        "unplaced": list(outline.unplaced),
    }


def lines(model: Model) -> Iterator[str]:
    """The outline as text; consecutive blocks that are alike share a line."""
    outline, checkpoint = model.outline, model.checkpoint
    yield checkpoint.path.name
    yield f"  {outline.family}, named as by {outline.source}; file format: {checkpoint.container}"
    yield f"  {outline.parameters:,} parameters, {outline.depth} blocks"
    if outline.stripped:
        yield f"  prefix “{outline.stripped}” seen through"
    for stage in outline.stages:
        yield from _stage_lines(stage)
    for sentence in (*outline.assumed, *outline.notes, *checkpoint.notes):
        yield f"  ! {sentence}"
    if checkpoint.foreign:
        named = ", ".join(checkpoint.foreign)
        yield f"  ! The file names these classes, none of which was run: {named}."


def _stage_lines(stage: StageOutline) -> Iterator[str]:
    yield f"  Stage {stage.index}"
    for words, group in groupby(stage.blocks, key=_words):
        blocks = list(group)
        first, last = blocks[0].address.block, blocks[-1].address.block
        name = f"Block {first}" if first == last else f"Blocks {first} to {last}"
        yield f"    {name}: {words}"


def _words(block: BlockOutline) -> str:
    heads = "1 head" if block.num_heads == 1 else f"{block.num_heads} heads"
    bias = ", ".join(matrix.value for matrix in Matrix if matrix in block.biases) or "no"
    return f"width {block.embed_dim}, {heads} of {block.head_dim}, {bias} bias"


def _block_json(block: BlockOutline) -> dict[str, Any]:
    return {
        "index": block.address.block,
        "embed_dim": block.embed_dim,
        "num_heads": block.num_heads,
        "head_dim": block.head_dim,
        "has_qkv_bias": block.has_qkv_bias,
    }
