"""Train the two samples that ViT Inspector ships: a small Swin, and the same one fine-tuned.

Run it as ``python resources/samples/train.py --data FOLDER_OF_REAL_IMAGES``; `pictures.py` says
which files the folder holds. It writes `swin_24_pretrained.pth` (official Swin naming) and
`swin_24_cxr_epoch_12.pth` (MMEngine's layout, MMDetection's naming) beside itself. One thread
of a laptop needs about ten minutes. Seeded: the same machine gives the same weights.
"""

import argparse
import logging
from pathlib import Path

import pictures
import torch
from fine_tuning import EPOCHS, FineTuning, fine_tuned_from
from pretraining import PRETRAINING, pretrain, write_pretrained
from swin import SEED, swin

log = logging.getLogger("samples")


def train_pair(data: Path, out: Path) -> None:
    """Pretrain, fine-tune what came of it, and write both files into `out`."""
    torch.manual_seed(SEED)
    drop = PRETRAINING["drop_path_rate"]
    model = swin(len(pictures.KINDS), drop_path_rate=drop)
    found = pretrain(model, pictures.read_pictures(data))
    log.info("pretrained: held-out accuracies %s", found)
    write_pretrained(out / "swin_24_pretrained.pth", model, found)
    torch.manual_seed(SEED)
    run = FineTuning(fine_tuned_from(model), pictures.read_chest_xrays(data))
    for number in range(EPOCHS):
        run.epoch(number)
    log.info("fine-tuned: val %s, test %s", run.evaluate("val"), run.evaluate("test"))
    run.write(out / f"swin_24_cxr_epoch_{EPOCHS}.pth")


def main() -> None:
    """Read the command line and train both."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of real images")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    train_pair(arguments.data, Path(__file__).resolve().parent)


if __name__ == "__main__":
    main()
