"""``modes``, ``maps``, ``attend`` and ``anisotropy`` as a user meets them."""

import csv
import json
import runpy
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspector.cli.main import main
from inspector.core.map_style import MapStyle
from inspector.families import open_model
from inspector.families.preparation import default_preparation
from inspector.images import open_images
from inspector.images.preparing import prepare
from inspector.render.overlay import orientation, percentiles, unit_map
from tests.reference import overlay as slow
from tests.tiny_models import vit_weights, write_safetensors

HEADS, WIDTH, DEPTH = 3, 24, 3
EPS = 1e-6
AT = ["--at", "S0B0H1"]


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    return vit_weights(width=WIDTH, depth=DEPTH)


@pytest.fixture(scope="module")
def checkpoint(weights, tmp_path_factory) -> Path:
    return write_safetensors(tmp_path_factory.mktemp("model") / "tiny.safetensors", weights)


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Path:
    random = np.random.default_rng(4)
    level = np.linspace(0, 255, 20 * 26).reshape(20, 26) * random.uniform(0.5, 1, (20, 26))
    path = tmp_path_factory.mktemp("image") / "x.png"
    Image.fromarray(level.astype(np.uint8)).save(path)
    return path


def run(*words: object, out: Path) -> Path:
    """The fixture's options, and where it was written."""
    arguments = [*map(str, words), "--heads", str(HEADS), "--device", "cpu", "--out", str(out)]
    assert main(arguments) == 0
    return out


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def head_of(weights, name: str, block: int, head: int) -> np.ndarray:
    """(d_k, d) of q, k or v, cut from the fused matrix by hand."""
    start = "qkv".index(name) * WIDTH + head * WIDTH // HEADS
    return weights[f"blocks.{block}.attn.qkv.weight"][start : start + WIDTH // HEADS].astype(float)


def normed(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPS)


def tokens_of(weights, checkpoint: Path, image: Path) -> np.ndarray:
    """(tokens, d) residual in front of block 0, by hand: patches of 4 x 4, CLS first."""
    with open_model(checkpoint, heads=HEADS) as model:
        preparation = default_preparation(model)
    (opened,) = open_images(image)
    picture = opened.read(opened.middle())
    pixels = prepare(picture, picture.default_tone(), preparation).pixels.astype(float)
    opened.close()
    rows, columns = pixels.shape[1] // 4, pixels.shape[2] // 4
    patches = pixels.reshape(3, rows, 4, columns, 4).transpose(1, 3, 0, 2, 4).reshape(-1, 48)
    kernel = weights["patch_embed.proj.weight"].astype(float).reshape(WIDTH, -1)
    embedded = patches @ kernel.T + weights["patch_embed.proj.bias"]
    return np.concatenate([weights["cls_token"][0], embedded]) + weights["pos_embed"][0]


def attn_input(weights, residual: np.ndarray) -> np.ndarray:
    return normed(residual) * weights["blocks.0.norm1.weight"] + weights["blocks.0.norm1.bias"]


@pytest.fixture(scope="module")
def modes(checkpoint, tmp_path_factory) -> Path:
    return run("modes", checkpoint, out=tmp_path_factory.mktemp("modes") / "new")


@pytest.fixture(scope="module")
def maps(checkpoint, image, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("maps")
    return run("maps", checkpoint, image, *AT, "--mode", 2, out=out)


@pytest.fixture(scope="module")
def attended(checkpoint, image, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("attend")
    return run("attend", checkpoint, image, *AT, "--token", "1,2", "--key", "3,0", out=out)


def test_that_modes_writes_tables_with_exactly_these_columns(modes: Path) -> None:
    names = {
        "modes.csv": "stage,block,head,mode,sigma,cosine",
        "heads.csv": "stage,block,head,weighted_cosine,mean_cosine",
        "blocks.csv": "stage,block,weighted_cosine,mean_cosine,random_95",
    }
    for name, header in names.items():
        assert (modes / name).read_text().splitlines()[0] == header
    assert len(table(modes / "modes.csv")) == DEPTH * WIDTH
    assert len(table(modes / "heads.csv")) == DEPTH * HEADS
    assert len(table(modes / "blocks.csv")) == DEPTH


def test_that_the_arrays_of_modes_multiply_to_the_product_of_every_head(modes, weights) -> None:
    with np.load(modes / "modes.npz") as found:
        assert set(found) == {f"s0b{b}_{n}" for b in range(DEPTH) for n in ("u", "v", "sigma")}
        for block in range(DEPTH):
            u, v, sigma = (found[f"s0b{block}_{name}"] for name in ("u", "v", "sigma"))
            assert u.shape == v.shape == (HEADS, WIDTH, WIDTH // HEADS)
            for head in range(HEADS):
                query, key = (head_of(weights, name, block, head) for name in "qk")
                product = (u[head] * sigma[head]) @ v[head].T
                np.testing.assert_allclose(product, query.T @ key, atol=2e-6)


def test_that_tables_agree_with_the_full_decomposition(modes: Path, weights) -> None:
    rows = table(modes / "modes.csv")
    heads = {(int(r["block"]), int(r["head"])): r for r in table(modes / "heads.csv")}
    for (block, head), row in heads.items():
        query, key = (head_of(weights, name, block, head) for name in "qk")
        u, sigma, v = np.linalg.svd(query.T @ key)
        kept = slice(0, WIDTH // HEADS)
        cosine = (u[:, kept] * v[kept].T).sum(axis=0)
        ours = [r for r in rows if (int(r["block"]), int(r["head"])) == (block, head)]
        np.testing.assert_allclose([float(r["sigma"]) for r in ours], sigma[kept], rtol=1e-9)
        # u and v are float32: the closer two sigmas, the less exactly are their directions known.
        gap = np.abs(np.diff(sigma[: WIDTH // HEADS + 1])).min() / sigma[0]
        near = 4 * np.finfo(np.float32).eps / gap
        np.testing.assert_allclose([float(r["cosine"]) for r in ours], cosine, atol=near)
        weighted = (query * key).sum() / sigma[kept].sum()
        assert float(row["weighted_cosine"]) == pytest.approx(weighted, abs=1e-6)
        assert float(row["mean_cosine"]) == pytest.approx(cosine.mean(), abs=near)
    for row in table(modes / "blocks.csv"):
        own = [float(r["weighted_cosine"]) for (b, _), r in heads.items() if b == int(row["block"])]
        assert float(row["weighted_cosine"]) == pytest.approx(np.mean(own), abs=1e-12)


def test_that_figures_scripts_and_provenance_of_modes_are_there(modes: Path) -> None:
    assert {"depth.pdf", "histogram.pdf", "spectra.pdf", "depth.py"} <= {
        path.name for path in modes.iterdir()
    }
    record = json.loads((modes / "provenance.json").read_text())
    assert record["files"][0]["name"] == "tiny.safetensors"
    assert record["command"].startswith("python -m inspector modes ")
    assert record["parameters"]["product"] == "qk"


def test_that_the_norm_can_be_folded_and_the_other_product_taken(
    checkpoint, weights, tmp_path
) -> None:
    folded = run("modes", checkpoint, "--fold-ln", out=tmp_path / "folded")
    gain = weights["blocks.0.norm1.weight"].astype(float)
    query, key = (head_of(weights, name, 0, 0) * gain for name in "qk")
    with np.load(folded / "modes.npz") as found:
        product = (found["s0b0_u"][0] * found["s0b0_sigma"][0]) @ found["s0b0_v"][0].T
    np.testing.assert_allclose(product, query.T @ key, atol=2e-6)
    written = run("modes", checkpoint, "--product", "ov", out=tmp_path / "ov")
    output = weights["blocks.0.attn.proj.weight"][:, : WIDTH // HEADS].astype(float)
    with np.load(written / "modes.npz") as found:
        product = (found["s0b0_u"][0] * found["s0b0_sigma"][0]) @ found["s0b0_v"][0].T
    np.testing.assert_allclose(product, output @ head_of(weights, "v", 0, 0), atol=2e-6)


@pytest.mark.parametrize("space", ["attention-input", "residual", "normed"])
def test_that_maps_are_the_tokens_projected_on_the_stored_modes(
    checkpoint, image, weights, tmp_path, space
) -> None:
    folding = ["--fold-ln"] if space == "normed" else []
    modes = run("modes", checkpoint, *folding, out=tmp_path / "modes")
    out = run("maps", checkpoint, image, *AT, "--mode", 2, "--space", space, out=tmp_path / "m")
    residual = tokens_of(weights, checkpoint, image)
    projected = {
        "attention-input": attn_input(weights, residual),
        "residual": residual,
        "normed": normed(residual),
    }[space][1:]
    with np.load(out / "maps.npz") as found, np.load(modes / "modes.npz") as stored:
        for name, side in (("query", "u"), ("key", "v")):
            assert found[name].shape == (4, 4)
            expected = projected @ stored[f"s0b0_{side}"][1, :, 2]
            np.testing.assert_allclose(found[name].ravel(), expected, atol=5e-5)


def test_that_the_overlay_is_what_the_maps_say_pixel_by_pixel(maps: Path, image: Path) -> None:
    from inspector.core.tokens import Box, Placement, TokenGrid

    record = json.loads((maps / "provenance.json").read_text())
    box = record["images"][0]["input"]["box_on_image"]
    times = 13  # 20 rows are enlarged to at least 256
    sides = {side: times * length for side, length in box.items()}
    placement = Placement((20 * times, 26 * times), (16, 16), Box(**sides))
    tokens = TokenGrid(4, 4, (4.0, 4.0), placement, ("CLS",))
    (opened,) = open_images(image)
    picture = np.kron(opened.read(opened.middle()).shown(), np.ones((times, times, 1), np.uint8))
    opened.close()
    with np.load(maps / "maps.npz") as found:
        sign = orientation(found["query"], found["key"])
        assert found["sign"] == sign
        units = [
            unit_map(sign * m, percentiles([sign * m])) for m in (found["query"], found["key"])
        ]
        expected = slow.overlay(picture, tokens, *units, MapStyle())
        np.testing.assert_array_equal(found["overlay"], expected)
        np.testing.assert_array_equal(np.asarray(Image.open(maps / "overlay.png")), expected)
    assert (maps / "overlay.pdf").read_bytes().startswith(b"%PDF")


def test_that_a_pattern_is_the_softmax_of_the_head_over_all_tokens(
    attended: Path, checkpoint, image, weights
) -> None:
    tokens = attn_input(weights, tokens_of(weights, checkpoint, image))
    bias = weights["blocks.0.attn.qkv.bias"].astype(float)
    size = WIDTH // HEADS
    query = tokens @ head_of(weights, "q", 0, 1).T + bias[size : 2 * size]
    key = tokens @ head_of(weights, "k", 0, 1).T + bias[WIDTH + size : WIDTH + 2 * size]
    score = query @ key.T / np.sqrt(size)
    row = np.exp(score[1 + 1 * 4 + 2])
    row /= row.sum()
    with np.load(attended / "pattern.npz") as found:
        np.testing.assert_allclose(found["pattern"].ravel(), row[1:], atol=1e-5)
        np.testing.assert_allclose(found["prefix"], row[:1], atol=1e-5)
    pair = table(attended / "pair.csv")
    assert (attended / "pair.csv").read_text().splitlines()[0] == "mode,contribution"
    assert [int(r["mode"]) for r in pair] == list(range(size))
    terms = {r["term"]: float(r["value"]) for r in table(attended / "terms.csv")}
    total = score[1 + 1 * 4 + 2, 1 + 3 * 4]
    assert terms["score of the model"] == pytest.approx(total, abs=1e-5)
    biases = ("query with key bias", "key with query bias", "both biases")
    summed = sum(float(r["contribution"]) for r in pair) + sum(terms[name] for name in biases)
    assert summed == pytest.approx(total, abs=2e-5)


def test_that_a_prefix_token_is_called_by_its_name(checkpoint, image, tmp_path) -> None:
    words = ("attend", checkpoint, image, *AT)
    by_name = run(*words, "--token", "cls", out=tmp_path / "name")
    assert not (by_name / "pair.csv").exists()
    record = json.loads((by_name / "provenance.json").read_text())
    assert record["parameters"]["token"] == "CLS"


def test_that_anisotropy_is_the_mean_cosine_of_the_centre_patches(
    checkpoint, image, weights, tmp_path
) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 255, (16, 16), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    out = run("anisotropy", checkpoint, folder, out=tmp_path / "out")
    paths = sorted(folder.iterdir())
    inputs = [attn_input(weights, tokens_of(weights, checkpoint, path)) for path in paths]
    centre = [tokens[1 + 2 * 4 + 2] for tokens in inputs]
    unit = [token / np.linalg.norm(token) for token in centre]
    pairs = [unit[a] @ unit[b] for a in range(3) for b in range(a)]
    rows = table(out / "anisotropy.csv")
    assert list(rows[0]) == ["stage", "block", "anisotropy", "weighted_cosine", "relative"]
    assert len(rows) == DEPTH
    assert float(rows[0]["anisotropy"]) == pytest.approx(np.mean(pairs), abs=1e-5)
    record = json.loads((out / "provenance.json").read_text())
    assert len(record["files"]) == 4


@pytest.mark.parametrize(
    ("folder", "name"), [("maps", "overlay"), ("attended", "pair"), ("modes", "spectra")]
)
def test_that_the_script_beside_a_figure_draws_the_same_bytes(
    request, tmp_path, monkeypatch, folder, name
) -> None:
    written = request.getfixturevalue(folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [f"{name}.py"])
    runpy.run_path(str(written / f"{name}.py"))
    again = (tmp_path / f"{name}-again.pdf").read_bytes()
    assert again == (written / f"{name}.pdf").read_bytes()


def test_that_size_and_fit_reach_the_model(checkpoint, image, tmp_path) -> None:
    words = ("maps", checkpoint, image, *AT, "--size", "16x24", "--fit", "pad")
    out = run(*words, out=tmp_path)
    with np.load(out / "maps.npz") as found:
        assert found["query"].shape == (4, 6)
        assert found["overlay"].shape == (20 * 13, 26 * 13, 3)
    record = json.loads((out / "provenance.json").read_text())
    assert record["images"][0]["preparation"]["fit"] == "pad"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["maps", "CKPT", "IMAGE", "--at", "S0B0"], "names no head"),
        (["maps", "CKPT", "IMAGE", "--at", "nonsense"], "is not an address"),
        (["maps", "CKPT", "IMAGE", "--at", "S0B9H0"], "S0 B9"),
        (["maps", "CKPT", "IMAGE", "--at", "S0B0H7"], "3 heads"),
        (["maps", "CKPT", "IMAGE", "--at", "S0B0H0", "--mode", "99"], "8 modes"),
        (["maps", "CKPT", "IMAGE", "--at", "S0B0H0", "--mode", "-1"], "mode"),
        (["maps", "CKPT", "IMAGE", "--at", "S0B0H0", "--slice", "5"], "slice 5"),
        (["maps", "CKPT", "IMAGE", "--at", "S0B0H0", "--window", "1"], "40,400"),
        (["maps", "CKPT", "IMAGE", "--at", "S0B0H0", "--size", "big"], "224"),
        (["maps", "CKPT", "gone.png", "--at", "S0B0H0"], "gone.png"),
        (["maps", "CKPT", "CKPT", "--at", "S0B0H0"], "tiny.safetensors"),
        (["attend", "CKPT", "IMAGE", "--at", "S0B0H0", "--token", "9,9"], "no patch in row 9"),
        (["attend", "CKPT", "IMAGE", "--at", "S0B0H0", "--token", "DIST"], "no token “DIST”"),
        (["anisotropy", "CKPT", "IMAGE"], "no folder"),
    ],
)
def test_that_what_cannot_be_done_ends_in_one_sentence_and_writes_nothing(
    checkpoint, image, tmp_path, capsys, words, told
) -> None:
    given = {"CKPT": str(checkpoint), "IMAGE": str(image)}
    arguments = [given.get(word, word) for word in words]
    arguments += ["--heads", str(HEADS), "--device", "cpu", "--out", str(tmp_path / "out")]
    try:
        status = main(arguments)
    except SystemExit as stopped:
        status = stopped.code
    assert status == 2
    said = capsys.readouterr().err
    assert told in said
    assert len(said.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_that_nothing_about_a_patient_is_written(shared_data, checkpoint, tmp_path) -> None:
    pydicom = pytest.importorskip("pydicom")
    file = shared_data / "dicom" / "pydicom" / "CT_small.dcm"
    header = pydicom.dcmread(file, stop_before_pixels=True)
    private = {str(header.PatientName), str(header.PatientID), str(header.PatientBirthDate)} - {""}
    assert private
    out = run("maps", checkpoint, file, *AT, out=tmp_path)
    for path in out.iterdir():
        content = path.read_bytes()
        for word in private:
            assert word.encode() not in content, path.name


PREPARED = [
    *("--size", "12x16", "--fit", "crop", "--crop-share", "0.7", "--interpolation", "lanczos"),
    *("--mean", "0.4,0.5,0.6", "--std", "0.2,0.3,0.4"),
]


@pytest.mark.parametrize(
    ("words", "arrays"),
    [
        (["maps", *AT, "--mode", "1", *PREPARED, "--window", "90,120,sigmoid"], "maps.npz"),
        (["maps", *AT, "--space", "residual", "--fold-ln", "--augment-bias"], "maps.npz"),
        (["maps", *AT, "--fit", "squash", "--squash-share", "0.6"], "maps.npz"),
        (["attend", *AT, "--token", "CLS", *PREPARED], "pattern.npz"),
        (["anisotropy", "--space", "normed", "--product", "ov", *PREPARED], "anisotropy.npz"),
        (["modes", "--fold-ln", "--augment-bias"], "modes.npz"),
    ],
)
def test_that_the_command_of_the_record_repeats_the_numbers(
    checkpoint, image, tmp_path, words, arrays
):
    given = {"modes": [], "anisotropy": [tmp_path / "images"]}.get(words[0], [image])
    folder = tmp_path / "images"
    folder.mkdir()
    for name in "ab":
        Image.effect_noise((20 + ord(name) % 5, 18), 90).save(folder / f"{name}.png")
    out = run(words[0], checkpoint, *given, *words[1:], out=tmp_path / "out")
    record = json.loads((out / "provenance.json").read_text())
    assert "float32" in record["device"]
    typed = shlex.split(record["command"])[3:]
    typed[typed.index("--out") + 1] = str(tmp_path / "again")
    assert main(typed) == 0
    first, again = (np.load(folder / arrays) for folder in (out, tmp_path / "again"))
    assert sorted(first) == sorted(again)
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])


def test_that_one_of_several_images_of_a_folder_is_chosen(checkpoint, image, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for place, name in enumerate("ab"):
        Image.new("L", (16, 16), 60 * place).save(folder / f"{name}.png")
    out = run("maps", checkpoint, folder, *AT, "--series", "1", out=tmp_path / "out")
    record = json.loads((out / "provenance.json").read_text())
    assert [entry["name"] for entry in record["files"]][1:] == ["b.png"]
    assert record["images"][0]["label"] == "b.png"
