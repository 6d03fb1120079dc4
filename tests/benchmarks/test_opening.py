"""Opening a detector's training checkpoint of 830 MB: time and memory, against torch.

Run explicitly: ``pytest tests/benchmarks/test_opening.py -s``. Prints one line a ratio.
"""

import os
import subprocess
import sys
import time
import types
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

DEPTHS, WIDTH, HEADS = (2, 2, 18, 2), 96, (3, 6, 12, 24)
REPEATS = 7
TIME_BAR = 1.0
MEMORY_BAR_MIB = 64.0
CONFIG = """
model = dict(
    type='MaskRCNN',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True, pad_mask=True, pad_size_divisor=32),
    backbone=dict(
        type='SwinTransformer', embed_dims=96, depths=[2, 2, 18, 2], num_heads=[3, 6, 12, 24],
        window_size=7, mlp_ratio=4, qkv_bias=True, qk_scale=None, drop_path_rate=0.2,
        patch_norm=True, out_indices=(0, 1, 2, 3), with_cp=False, convert_weights=True))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.0001, betas=(0.9, 0.999), weight_decay=0.05))
"""


def swin_shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of MMDetection's Swin-S backbone."""
    yield "patch_embed.projection.weight", (WIDTH, 3, 4, 4)
    for name in ("projection.bias", "norm.weight", "norm.bias"):
        yield f"patch_embed.{name}", (WIDTH,)
    for stage, (depth, heads) in enumerate(zip(DEPTHS, HEADS, strict=True)):
        width = WIDTH << stage
        for block in range(depth):
            at = f"stages.{stage}.blocks.{block}"
            yield f"{at}.norm1.weight", (width,)
            yield f"{at}.norm1.bias", (width,)
            yield f"{at}.attn.w_msa.relative_position_bias_table", (169, heads)
            yield f"{at}.attn.w_msa.relative_position_index", (49, 49)
            yield f"{at}.attn.w_msa.qkv.weight", (3 * width, width)
            yield f"{at}.attn.w_msa.qkv.bias", (3 * width,)
            yield f"{at}.attn.w_msa.proj.weight", (width, width)
            yield f"{at}.attn.w_msa.proj.bias", (width,)
            yield f"{at}.norm2.weight", (width,)
            yield f"{at}.norm2.bias", (width,)
            yield f"{at}.ffn.layers.0.0.weight", (4 * width, width)
            yield f"{at}.ffn.layers.0.0.bias", (4 * width,)
            yield f"{at}.ffn.layers.1.weight", (width, 4 * width)
            yield f"{at}.ffn.layers.1.bias", (width,)
        if stage < 3:
            yield f"stages.{stage}.downsample.norm.weight", (4 * width,)
            yield f"stages.{stage}.downsample.norm.bias", (4 * width,)
            yield f"stages.{stage}.downsample.reduction.weight", (2 * width, 4 * width)
    for stage in range(4):
        yield f"norm{stage}.weight", (WIDTH << stage,)
        yield f"norm{stage}.bias", (WIDTH << stage,)


def detector_shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of Mask R-CNN with that backbone and a feature pyramid."""
    for name, shape in swin_shapes():
        yield f"backbone.{name}", shape
    convolutions = {
        **{f"neck.lateral_convs.{i}.conv": (256, WIDTH << i, 1, 1) for i in range(4)},
        **{f"neck.fpn_convs.{i}.conv": (256, 256, 3, 3) for i in range(4)},
        "rpn_head.rpn_conv": (256, 256, 3, 3),
        "rpn_head.rpn_cls": (3, 256, 1, 1),
        "rpn_head.rpn_reg": (12, 256, 1, 1),
        "roi_head.bbox_head.fc_cls": (81, 1024),
        "roi_head.bbox_head.fc_reg": (320, 1024),
        "roi_head.bbox_head.shared_fcs.0": (1024, 12544),
        "roi_head.bbox_head.shared_fcs.1": (1024, 1024),
        **{f"roi_head.mask_head.convs.{i}.conv": (256, 256, 3, 3) for i in range(4)},
        "roi_head.mask_head.upsample": (256, 256, 2, 2),
        "roi_head.mask_head.conv_logits": (80, 256, 1, 1),
    }
    for name, shape in convolutions.items():
        yield f"{name}.weight", shape
        yield f"{name}.bias", (shape[0],)


def write_runner_checkpoint(path: Path) -> None:
    """What MMEngine's Runner writes: weights, optimizer state, message hub with foreign classes."""
    import torch

    random = np.random.default_rng(0)
    weights: OrderedDict[str, torch.Tensor] = OrderedDict()
    for name, shape in detector_shapes():
        if name.endswith("relative_position_index"):
            weights[name] = torch.zeros(shape, dtype=torch.int64)
        else:
            weights[name] = torch.from_numpy(random.standard_normal(shape, dtype=np.float32))
    trained = [tensor for tensor in weights.values() if tensor.is_floating_point()]
    state = {
        index: {
            "step": torch.tensor(7330.0),
            "exp_avg": torch.full_like(tensor, 0.5),
            "exp_avg_sq": torch.full_like(tensor, 0.25),
        }
        for index, tensor in enumerate(trained)
    }
    groups = [group_of(n) for n in range(len(trained))]
    schedules = [
        {
            "param_name": "lr",
            "begin": 0,
            "end": end,
            "base_values": [1e-4 + n * 1e-9 for n in range(len(trained))],
            "last_step": 7330,
            "_last_value": [1e-5 + n * 1e-9 for n in range(len(trained))],
        }
        for end in (1000, 36)
    ]
    content = {
        "meta": {
            "epoch": 1,
            "iter": 7330,
            "cfg": CONFIG,
            "seed": 0,
            "experiment_name": "mask-rcnn_swin-s",
            "time": "20240101_000000",
            "mmengine_version": "0.10.7",
            "dataset_meta": {"CLASSES": [f"class {n}" for n in range(80)]},
        },
        "state_dict": weights,
        "message_hub": message_hub(),
        "optimizer": {"state": state, "param_groups": groups},
        "param_schedulers": schedules,
    }
    torch.save(content, path)


def group_of(parameter: int) -> dict[str, object]:
    """A group of AdamW for each parameter, as settings by parameter make MMEngine write."""
    return {
        "lr": 1e-4,
        "betas": (0.9, 0.999),
        "eps": 1e-8,
        "weight_decay": 0.05,
        "amsgrad": False,
        "maximize": False,
        "foreach": None,
        "capturable": False,
        "differentiable": False,
        "fused": None,
        "decoupled_weight_decay": True,
        "initial_lr": 1e-4,
        "params": [parameter],
    }


def message_hub() -> dict[str, object]:
    """Log buffers of a class that only this process knows, as MMEngine's are to the reader."""
    module = types.ModuleType("mmengine_logging_stand_in")

    class HistoryBuffer:
        def __init__(self, values: np.ndarray) -> None:
            self._log_history = values
            self._count_history = np.ones_like(values)
            self._statistics_methods = {"mean": getattr}

    HistoryBuffer.__module__ = module.__name__
    HistoryBuffer.__qualname__ = "HistoryBuffer"
    module.HistoryBuffer = HistoryBuffer
    sys.modules[module.__name__] = module
    names = ("lr", "loss", "loss_rpn_cls", "loss_cls", "loss_bbox", "loss_mask", "acc", "time")
    buffers = {f"train/{name}": HistoryBuffer(np.linspace(0, 1, 7330)) for name in names}
    scalar = np.float64(0.5)
    return {"log_scalars": buffers, "runtime_info": {"epoch": 1, "best": scalar}}


@pytest.fixture(scope="module")
def runner_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("opening") / "epoch_1.pth"
    write_runner_checkpoint(path)
    yield path
    path.unlink()


def report(name: str, ours: float, reference: float, *, bar: float, unit: str) -> None:
    ratio = ours / reference
    line = f"{name}: ours {ours:.1f} {unit}, reference {reference:.1f} {unit}, ratio {ratio:.2f}"
    sys.stdout.write(f"\n{line}, bar {bar:.2f}\n")
    assert ratio <= bar, f"{name}: {ratio:.2f} is above the bar {bar:.2f}"


def shown_tree(path: Path) -> int:
    from inspector.families import open_model

    with open_model(path) as model:
        return model.outline.depth


def loaded_by_torch(path: Path) -> int:
    import torch

    # The foreign classes of such a file cannot be allowed without naming them all; this is the
    # reference to be faster than, reading a file that this test wrote.
    content = torch.load(path, mmap=True, map_location="cpu", weights_only=False)  # noqa: TID251
    return len(content["state_dict"])


def milliseconds(action, path: Path) -> float:
    start = time.perf_counter()
    action(path)
    return 1000 * (time.perf_counter() - start)


def test_that_a_shown_tree_takes_no_longer_than_torch_load_with_a_map(runner_checkpoint: Path):
    shown_tree(runner_checkpoint)
    loaded_by_torch(runner_checkpoint)
    pairs = [
        (
            milliseconds(shown_tree, runner_checkpoint),
            milliseconds(loaded_by_torch, runner_checkpoint),
        )
        for _ in range(REPEATS)
    ]
    ours, torchs = (sorted(column)[REPEATS // 2] for column in zip(*pairs, strict=True))
    report("time to a shown tree", ours, torchs, bar=TIME_BAR, unit="ms")


MEASURE = """
import sys
from pathlib import Path
def memory(what):
    for line in open("/proc/self/status"):
        if line.startswith(what):
            return int(line.split()[1])
import numpy
from inspector.checkpoints import open_checkpoint
{imports}
before = memory("VmRSS")
{action}
print(memory("VmHWM") - before)
"""
LISTING = "c = open_checkpoint(Path(sys.argv[1])); assert len(c.tensors) > 300"
TREE = "m = open_model(Path(sys.argv[1])); assert m.outline.depth == 24"


def added_mebibytes(path: Path, *, imports: str, action: str) -> float:
    code = MEASURE.format(imports=imports, action=action)
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    return int(done.stdout) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize(
    ("what", "imports", "action"),
    [
        ("listing", "", LISTING),
        ("shown tree", "from inspector.families import open_model", TREE),
    ],
)
def test_that_opening_adds_less_than_64_mebibytes(
    runner_checkpoint: Path, what: str, imports: str, action: str
):
    added = added_mebibytes(runner_checkpoint, imports=imports, action=action)
    report(f"memory added by the {what}", added, MEMORY_BAR_MIB, bar=1.0, unit="MiB")
