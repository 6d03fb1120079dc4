"""``optimal``, ``preference`` and ``same-object`` as a user meets them: tables, cache, mistakes."""

import csv
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspector.cli.main import main
from inspector.core.address import Address
from inspector.families import open_model
from inspector.families.preparation import default_preparation
from inspector.images import open_images
from inspector.images.preparing import prepare
from tests.tiny_models import vit_weights, write_safetensors

HEADS, WIDTH, DEPTH, MODES = 3, 24, 2, 8
EPS = 1e-6
OPTIMAL = "stage,block,head,mode,sign,rank,score,image,query_row,query_col,key_row,key_col"
LABELS = ["--labels", "EMPTY", "--pair", "1,2"]
NAMES = ("a.png", "b.png", "c.png", "deep/d.png", "e, or f.png")


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    return vit_weights(width=WIDTH, depth=DEPTH)


@pytest.fixture(scope="module")
def checkpoint(weights, tmp_path_factory) -> Path:
    return write_safetensors(tmp_path_factory.mktemp("model") / "tiny.safetensors", weights)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Five pictures of 16 x 16, so that every patch is 4 x 4 of them, and one that is broken."""
    root = tmp_path_factory.mktemp("folder") / "images"
    for number, name in enumerate(NAMES):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 255, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    (root / "z.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    return root


@pytest.fixture(scope="module")
def labels(folder) -> Path:
    """Label maps: two halves, of 1 and 2; of the second picture one object, of the third none."""
    root = folder.parent / "labels"
    for number, name in enumerate(NAMES):
        halves = np.ones((16, 16), dtype=np.uint8)
        halves[:, 8 - 4 * (number == 3) :] = 1 if number == 1 else 2
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if number != 2:
            Image.fromarray(halves).save(path)
    return root


@pytest.fixture(scope="module")
def masks(folder) -> tuple[Path, Path]:
    """A target in the upper left corner, a distractor in the lower right one."""
    roots = (folder.parent / "targets", folder.parent / "distractors")
    for root, corner in zip(roots, (slice(0, 6), slice(11, 16)), strict=True):
        for name in NAMES:
            mask = np.zeros((16, 16), dtype=np.uint8)
            mask[corner, corner] = 255
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask).save(path)
    return roots


def words_of(*words: object, out: Path) -> list[str]:
    return [*map(str, words), "--heads", str(HEADS), "--device", "cpu", "--out", str(out)]


def run(*words: object, out: Path) -> Path:
    assert main(words_of(*words, out=out)) == 0
    return out


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def numbers_of(folder: Path) -> dict[str, bytes]:
    """Of every table and array its bytes."""
    kinds = {".csv", ".npz"}
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in kinds}


def inputs_of_first_block(weights, checkpoint: Path, image: Path) -> np.ndarray:
    """(16, d) float64 attention inputs of the patches of block 0, from the weights by hand."""
    with open_model(checkpoint, heads=HEADS) as model:
        preparation = default_preparation(model)
    (opened,) = open_images(image)
    picture = opened.read(opened.middle())
    pixels = prepare(picture, picture.default_tone(), preparation).pixels.astype(float)
    opened.close()
    patches = pixels.reshape(3, 4, 4, 4, 4).transpose(1, 3, 0, 2, 4).reshape(16, -1)
    kernel = weights["patch_embed.proj.weight"].astype(float).reshape(WIDTH, -1)
    residual = patches @ kernel.T + weights["patch_embed.proj.bias"] + weights["pos_embed"][0, 1:]
    centred = residual - residual.mean(axis=1, keepdims=True)
    normed = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + EPS)
    found: np.ndarray = normed * weights["blocks.0.norm1.weight"] + weights["blocks.0.norm1.bias"]
    return found


@pytest.fixture(scope="module")
def optimal(checkpoint, folder, tmp_path_factory) -> Path:
    words = ("optimal", checkpoint, folder, "--top", 3, "--modes", "all", "--no-cache")
    return run(*words, out=tmp_path_factory.mktemp("optimal") / "new")


def test_that_optimal_writes_exactly_these_columns(optimal: Path) -> None:
    assert (optimal / "optimal.csv").read_text().splitlines()[0] == OPTIMAL
    header = (optimal / "anisotropy.csv").read_text().splitlines()[0]
    assert header == "stage,block,anisotropy,weighted_cosine,relative"
    left = table(optimal / "left_out.csv")
    assert [row["image"] for row in left] == ["z.png"]
    names = {path.name for path in optimal.iterdir()}
    assert names == {
        "optimal.csv", "optimal.npz", "anisotropy.csv", "left_out.csv", "provenance.json",
    }  # fmt: skip


def test_that_winners_of_the_first_block_are_those_of_the_weights_in_float64(
    optimal, weights, checkpoint, folder
) -> None:
    rows = [row for row in table(optimal / "optimal.csv") if row["block"] == "0"]
    tokens = {name: inputs_of_first_block(weights, checkpoint, folder / name) for name in NAMES}
    fused = weights["blocks.0.attn.qkv.weight"].astype(float).reshape(3, HEADS, MODES, WIDTH)
    for head in range(HEADS):
        u, _, v = np.linalg.svd(fused[0, head].T @ fused[1, head])
        for mode in range(MODES):
            query, key = u[:, mode], v[mode]
            # The side whose largest entry of u is positive is called +.
            turn = np.sign(query[np.abs(query).argmax()])
            for sign, times in (("+", turn), ("-", -turn)):
                scored = {}
                for name, x in tokens.items():
                    q, k = times * x @ query, times * x @ key
                    score = max(q.max(), 0) * max(k.max(), 0)
                    scored[name] = (score, divmod(int(q.argmax()), 4), divmod(int(k.argmax()), 4))
                best = sorted((n for n in NAMES if scored[n][0] > 0), key=lambda n: -scored[n][0])
                at = {"head": str(head), "mode": str(mode), "sign": sign}
                ours = [row for row in rows if at.items() <= row.items()]
                assert [row["image"] for row in ours] == best[:3]
                assert [row["rank"] for row in ours] == [str(n) for n in range(len(ours))]
                for row in ours:
                    score, query_at, key_at = scored[row["image"]]
                    assert float(row["score"]) == pytest.approx(score, rel=1e-4)
                    assert (int(row["query_row"]), int(row["query_col"])) == query_at
                    assert (int(row["key_row"]), int(row["key_col"])) == key_at


def test_that_arrays_and_table_are_the_same_winners(optimal: Path) -> None:
    rows = table(optimal / "optimal.csv")
    with np.load(optimal / "optimal.npz") as found:
        assert int((found["image"] >= 0).sum()) == len(rows)
        for row, (mode, side, rank) in zip(rows, np.argwhere(found["image"] >= 0), strict=True):
            for name in ("stage", "block", "head", "mode"):
                assert int(row[name]) == found[name][mode]
            assert (row["sign"], int(row["rank"])) == ("+-"[side], rank)
            assert row["image"] == found["images"][found["image"][mode, side, rank]]
            assert np.float32(row["score"]) == found["score"][mode, side, rank]


def test_that_the_anisotropy_of_the_pass_is_that_of_its_own_command(
    optimal, checkpoint, folder, tmp_path
) -> None:
    alone = run("anisotropy", checkpoint, folder, "--no-cache", out=tmp_path)
    assert (alone / "anisotropy.csv").read_bytes() == (optimal / "anisotropy.csv").read_bytes()


def test_that_the_record_names_files_and_repeats_the_command(optimal, tmp_path) -> None:
    record = json.loads((optimal / "provenance.json").read_text())
    assert [one["name"] for one in record["files"]] == ["tiny.safetensors", *NAMES]
    assert record["parameters"]["measured"] == len(NAMES)
    assert record["parameters"]["left_out"] == 1
    program, *words = shlex.split(record["command"])
    assert (program, words[:2]) == ("python", ["-m", "inspector"])
    words[words.index(str(optimal))] = str(tmp_path)
    assert main([*words[2:], "--no-cache"]) == 0
    assert numbers_of(tmp_path) == numbers_of(optimal)


@pytest.mark.parametrize("batch", [1, 4])
def test_that_neither_the_cache_nor_how_many_are_read_ahead_changes_a_byte(
    optimal, checkpoint, folder, tmp_path, capsys, batch
) -> None:
    words = ("optimal", checkpoint, folder, "--top", 3, "--modes", "all", "--batch", batch)
    first = run(*words, "--cache", tmp_path / "cache", out=tmp_path / "first")
    assert "measured before" not in capsys.readouterr().out
    second = run(*words, "--cache", tmp_path / "cache", out=tmp_path / "second")
    assert "5 of 6 images were measured before" in capsys.readouterr().out
    assert numbers_of(first) == numbers_of(second) == numbers_of(optimal)


def test_that_an_interrupted_run_says_what_is_kept_and_goes_on(
    optimal, checkpoint, folder, tmp_path, capsys, monkeypatch
) -> None:
    from inspector.cli.terminal import TerminalProgress

    def interrupted(self, done: int, total: int, text: str = "") -> None:
        if text.startswith("image ") and done >= 2:
            raise KeyboardInterrupt

    words = ("optimal", checkpoint, folder, "--top", 3, "--modes", "all", "--batch", 1)
    arguments = words_of(*words, "--cache", tmp_path / "cache", out=tmp_path / "out")
    with monkeypatch.context() as patched:
        patched.setattr(TerminalProgress, "__call__", interrupted)
        assert main(arguments) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main(arguments) == 0
    assert "of 6 images were measured before" in capsys.readouterr().out
    assert numbers_of(tmp_path / "out") == numbers_of(optimal)


def test_that_galleries_are_drawn_of_the_heads_asked_for(checkpoint, folder, tmp_path) -> None:
    words = ("optimal", checkpoint, folder, "--top", 2, "--modes", 2, "--no-cache")
    out = run(*words, "--figures", "S0B1H2,B0H0", "--figures", "S0B1H2", out=tmp_path)
    drawn = {path.stem for path in out.glob("*.pdf")}
    assert drawn == {
        f"gallery-{head}-{s}" for head in ("S0B1H2", "S0B0H0") for s in ("plus", "minus")
    }
    assert {path.stem for path in out.glob("*.py")} == drawn
    assert set(json.loads((out / "provenance.json").read_text())["figures"]) == drawn


def test_that_the_published_scoring_projects_the_residual(checkpoint, folder, tmp_path) -> None:
    out = run("optimal", checkpoint, folder, "--compat", "--no-cache", out=tmp_path)
    parameters = json.loads((out / "provenance.json").read_text())["parameters"]
    assert (parameters["compat"], parameters["space"]) == (True, "residual")


def test_that_preference_is_that_of_masks_and_of_a_label_map_that_says_the_same(
    checkpoint, folder, masks, tmp_path
) -> None:
    targets, distractors = masks
    out = run(
        *("preference", checkpoint, folder, "--targets", targets, "--distractors", distractors),
        out=tmp_path / "masks",
    )
    rows = table(out / "images.csv")
    assert list(rows[0]) == ["image", "stage", "block", "head", "tt", "td", "tb", "dt", "dd", "db"]
    assert len(rows) == len(NAMES) * DEPTH * HEADS
    for row in rows:
        for query in "td":
            assert sum(float(row[query + at]) for at in "tdb") == pytest.approx(1)
    blocks = table(out / "blocks.csv")
    for block in blocks:
        own = [row for row in rows if row["block"] == block["block"]]
        same = np.mean([(float(row["tt"]) + float(row["dd"])) / 2 for row in own])
        assert float(block["same"]) == pytest.approx(same)
    for name in ("targets", "distractors"):
        assert name in json.loads((out / "provenance.json").read_text())["command"]

    maps = tmp_path / "maps"
    for name in NAMES:
        found = np.zeros((16, 16), dtype=np.uint8)
        for root, label in zip(masks, (7, 9), strict=True):
            found[np.asarray(Image.open(root / name)) > 0] = label
        (maps / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(found).save(maps / name)
    again = run(
        "preference", checkpoint, folder, "--labels", maps, "--pair", "7,9", out=tmp_path / "again"
    )
    first, second = numbers_of(out), numbers_of(again)
    assert first.pop("left_out.csv") != second.pop("left_out.csv")
    assert first == second
    assert {"preference.pdf", "preference.py"} <= {path.name for path in out.iterdir()}


def test_that_same_object_counts_pictures_of_one_object_apart(
    checkpoint, folder, labels, tmp_path, capsys
) -> None:
    words = ("same-object", checkpoint, folder, "--labels", labels, "--top", 2)
    out = run(*words, out=tmp_path)
    told = capsys.readouterr().out
    assert "3 of 6 images have two objects or more." in told
    assert "1 have fewer than two" in told
    run(*words, out=tmp_path / "again")
    # That of one object too: it does not count, and is not looked at again.
    assert "4 of 6 images were measured before" in capsys.readouterr().out
    left = {row["image"]: row["reason"] for row in table(out / "left_out.csv")}
    assert set(left) == {"b.png", "c.png", "z.png"}
    assert len(set(left.values())) == 3
    rows = table(out / "winners.csv")
    assert {row["image"] for row in rows} <= {"a.png", "deep/d.png", "e, or f.png"}
    modes = table(out / "modes.csv")
    assert len(modes) == DEPTH * HEADS * MODES
    for mode in modes[::5]:
        at = {name: mode[name] for name in ("block", "head", "mode")}
        own = [row for row in rows if at.items() <= row.items()]
        same = [row["query_object"] == row["key_object"] for row in own]
        assert int(mode["images"]) == len(own) <= 2
        assert float(mode["probability"]) == np.mean(same)
    assert {"same-object.pdf", "same-object.npz", "heads.csv", "blocks.csv"} <= {
        path.name for path in out.iterdir()
    }


def test_that_two_processes_write_the_same_bytes_one_report_and_each_mistake_once(
    optimal, checkpoint, folder, tmp_path
) -> None:
    missing, blocked = tmp_path / "missing", tmp_path / "blocked"
    (blocked / "optimal.csv").mkdir(parents=True)
    words = ("--top", 3, "--modes", "all", "--no-cache")
    done = together(
        words_of("optimal", checkpoint, folder, *words, out=tmp_path / "out"),
        # The first process cannot write: the other one ends too.
        words_of("optimal", checkpoint, folder, *words, out=blocked),
        words_of("optimal", checkpoint, missing, *words, out=tmp_path / "out"),
    )
    assert done.stdout.count("files written to") == 1, done.stderr
    assert numbers_of(tmp_path / "out") == numbers_of(optimal)
    assert done.returncode != 0
    assert done.stderr.count("optimal.csv is a folder") == 1
    assert done.stderr.count(f"“{missing}” is no folder.") == 1


def test_that_where_nothing_can_be_written_nothing_is_measured(
    checkpoint, folder, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr("inspector.scans.analyses.optimal_images", None)
    (tmp_path / "out").write_text("a file stands here")
    assert main(words_of("optimal", checkpoint, folder, out=tmp_path / "out")) == 2
    assert "Nothing was written to" in capsys.readouterr().err


IN_TURN = """
import json, os, sys
from inspector.cli.main import main
found = []
for number, words in enumerate(json.loads(sys.argv[1])):
    # As of processes that torchrun has started anew: they meet at another place of its store.
    os.environ["TORCHELASTIC_RESTART_COUNT"] = str(number)
    found.append(main(words))
sys.exit(max(found))
"""


def together(*commands: list[str]) -> subprocess.CompletedProcess[str]:
    """Two processes, as torchrun starts them, that run commands one after the other."""
    launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python"]
    each = [sys.executable, "-c", IN_TURN, json.dumps(commands)]
    return subprocess.run(
        [sys.executable, "-m", *launcher, *each],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["optimal", "--top", "0"], "at least 1"),
        (["optimal", "--top", "65"], "up to 64"),
        (["optimal", "--modes", "0"], "at least 1"),
        (["optimal", "--batch", "0"], "at least 1"),
        (["optimal", "--figures", "S0B1"], "names no head"),
        (["optimal", "--cache", "x", "--no-cache"], "not allowed with"),
        (["same-object"], "--labels"),
        (["preference", "--labels", "x", "--pair", "1"], "two labels"),
        (["preference", "--labels", "x", "--pair", "2,2"], "two different labels"),
    ],
)
def test_that_an_option_that_makes_no_sense_is_refused(
    checkpoint, folder, tmp_path, capsys, words, told
) -> None:
    command, *rest = words
    with pytest.raises(SystemExit, match="2"):
        main(words_of(command, checkpoint, folder, *rest, out=tmp_path / "out"))
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["optimal", "CKPT", "EMPTY"], "no image"),
        (["optimal", "CKPT", "FILE"], "is no folder"),
        (["optimal", "CKPT", "FOLDER", "--figures", "S0B1H3"], "has 3 heads"),
        (["optimal", "CKPT", "FOLDER", "--figures", "S0B2H0"], "no block S0 B2"),
        (["optimal", "CKPT", "FOLDER", "--compat", "--space", "normed"], "the residual"),
        (["preference", "CKPT", "FOLDER"], "What is target"),
        (["preference", "CKPT", "FOLDER", "--targets", "EMPTY"], "What is target"),
        (["preference", "CKPT", "FOLDER", "--pair", "1,2"], "--labels DIR is missing"),
        (["preference", "CKPT", "FOLDER", "--labels", "EMPTY"], "--pair A,B is missing"),
        (["preference", "CKPT", "FOLDER", *LABELS, "--targets", "EMPTY"], "only one of them"),
        (["same-object", "CKPT", "FOLDER", "--labels", "FILE"], "is no folder"),
        (["same-object", "CKPT", "FOLDER", "--labels", "EMPTY"], "It is looked for as “a”"),
        (["same-object", "CKPT", "FOLDER", "--labels", "EMPTY"], "None of the 6 images"),
    ],
)
def test_that_what_cannot_be_done_ends_in_a_sentence_and_writes_nothing(
    checkpoint, folder, tmp_path, capsys, words, told
) -> None:
    (tmp_path / "empty").mkdir()
    given = {"CKPT": checkpoint, "FOLDER": folder, "FILE": checkpoint, "EMPTY": tmp_path / "empty"}
    replaced = [given.get(word, word) for word in words]
    assert main(words_of(*replaced, out=tmp_path / "out")) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("inside", [".", "results", "deep/results"])
def test_that_results_are_not_written_among_the_images(checkpoint, folder, capsys, inside) -> None:
    assert main(words_of("optimal", checkpoint, folder, out=folder / inside)) == 2
    assert "would be taken for images the next time" in capsys.readouterr().err
    assert not (folder / "results").exists()


def test_that_a_head_that_is_not_there_is_refused_before_anything_is_measured(
    checkpoint, folder, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("inspector.scans.analyses.optimal_images", None)
    words = words_of("optimal", checkpoint, folder, "--figures", "S0B1H3", out=tmp_path)
    assert main(words) == 2


def test_that_addresses_of_the_table_are_those_of_the_model(optimal, checkpoint) -> None:
    with open_model(checkpoint, heads=HEADS) as model:
        blocks = [block.address for block in model.outline.blocks()]
    rows = table(optimal / "optimal.csv")
    assert {Address(int(row["stage"]), int(row["block"])) for row in rows} == set(blocks)
