"""The command line as a user meets it: its output, its files, its exit status."""

import csv
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from inspector.analysis.evolution import compare
from inspector.analysis.patterns import find_patterns
from inspector.cli.main import main
from inspector.cli.terminal import TerminalProgress, line
from inspector.families import open_model
from resources import samples
from tests.reference import evolution

VECTOR_COLUMNS = [
    "compared",
    "stage",
    "block",
    "matrix",
    "head",
    "vector",
    "cosine_distance",
    "euclidean",
    "mse",
    "dot",
    "norm_a",
    "norm_b",
]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compared") / "new folder"
    reference, tuned = samples()
    arguments = ["compare", str(reference), str(tuned), "--out", str(folder), "--device", "cpu"]
    assert main(arguments) == 0
    return folder


def test_that_tree_prints_the_stages_and_what_was_not_run(capsys) -> None:
    assert main(["tree", str(samples()[1])]) == 0
    printed = capsys.readouterr().out
    assert "Swin" in printed
    assert "MMDetection" in printed
    assert "Stage 3" in printed
    assert "none of which was run" in printed


def test_that_tree_as_json_holds_what_a_script_needs(capsys) -> None:
    assert main(["tree", str(samples()[0]), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [len(stage["blocks"]) for stage in found["stages"]] == [2, 2, 18, 2]
    block = found["stages"][2]["blocks"][5]
    assert block["index"] == 5
    assert block["num_heads"] * block["head_dim"] == block["embed_dim"]
    assert block["has_qkv_bias"] is True
    assert found["parameters"] > 100_000
    assert {"family", "source", "assumed", "foreign_classes"} <= set(found)


def test_that_vectors_csv_has_every_vector_with_exact_numbers(compared: Path) -> None:
    rows = rows_of(compared / "vectors.csv")
    assert list(rows[0]) == VECTOR_COLUMNS
    with open_model(samples()[0]) as a, open_model(samples()[1]) as b:
        expected = sum(3 * block.embed_dim for block in a.outline.blocks())
        assert len(rows) == expected
        for row in rows[:: max(1, len(rows) // 60)]:
            at = next(
                k
                for k in a.outline.blocks()
                if (k.address.stage, k.address.block) == (int(row["stage"]), int(row["block"]))
            )
            matrix = next(m for m in at.weights if m.value == row["matrix"])
            vector = int(row["vector"])
            assert int(row["head"]) == vector // at.head_dim
            slow = evolution.metrics(
                np.asarray(a.weight(at.address, matrix)[vector], np.float64),
                np.asarray(b.weight(at.address, matrix)[vector], np.float64),
            )
            for name in VECTOR_COLUMNS[6:]:
                assert float(row[name]) == pytest.approx(slow[name], rel=1e-12, abs=1e-14)


def test_that_blocks_csv_summarises_the_vectors(compared: Path) -> None:
    vectors, blocks = rows_of(compared / "vectors.csv"), rows_of(compared / "blocks.csv")
    assert list(blocks[0]) == [
        "compared",
        "stage",
        "block",
        "matrix",
        "metric",
        "mean",
        "median",
        "std",
    ]
    chosen = [r for r in blocks if r["metric"] == "euclidean" and r["stage"] == "2"]
    assert len(chosen) == 18 * 3
    for row in chosen[::7]:
        values = [
            float(v["euclidean"])
            for v in vectors
            if all(v[k] == row[k] for k in ("stage", "block", "matrix"))
        ]
        assert float(row["mean"]) == pytest.approx(np.mean(values), rel=1e-12)
        assert float(row["median"]) == pytest.approx(np.median(values), rel=1e-12)
        assert float(row["std"]) == pytest.approx(np.std(values), rel=1e-9)


def test_that_the_other_files_and_figures_are_there(compared: Path) -> None:
    names = {path.name for path in compared.iterdir()}
    assert {"heads.csv", "products.csv", "patterns.csv", "matching.json"} <= names
    assert {"provenance.json", "findings.txt"} <= names
    pdfs = list(compared.glob("*.pdf"))
    assert len(pdfs) >= 5
    assert all(path.read_bytes().startswith(b"%PDF") for path in pdfs)
    provenance = json.loads((compared / "provenance.json").read_text(encoding="utf-8"))
    for record, path in zip(provenance["files"], samples(), strict=True):
        content = path.read_bytes()
        assert record["name"] == path.name
        assert record["size"] == len(content)
        assert record["sha256"] == hashlib.sha256(content).hexdigest()


def test_that_what_is_drawn_at_random_can_be_drawn_again(compared: Path) -> None:
    provenance = json.loads((compared / "provenance.json").read_text(encoding="utf-8"))
    drawn = {name: provenance["parameters"][name] for name in ("permutations", "seed")}
    with open_model(samples()[0]) as a, open_model(samples()[1]) as b:
        patterns = find_patterns(compare(a, b), **drawn).patterns
    rows = rows_of(compared / "patterns.csv")
    assert len(rows) == len(patterns)
    for row, pattern in zip(rows, patterns.values(), strict=True):
        assert repr(pattern.p_value) == row["p_value"]
        assert repr(pattern.last_tenth.z) == row["last_tenth_z"]


def test_that_columns_can_be_compared_too(tmp_path: Path) -> None:
    reference, tuned = map(str, samples())
    arguments = ["compare", reference, tuned, "--out", str(tmp_path), "--axis", "in"]
    assert main([*arguments, "--device", "cpu"]) == 0
    rows = rows_of(tmp_path / "vectors.csv")
    assert {row["head"] for row in rows} == {""}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "git lfs pull"),
        (b"hello, this is a text", "checkpoint"),
    ],
)
def test_that_what_is_no_checkpoint_ends_in_one_sentence(
    tmp_path: Path, capsys, content: bytes, words: str
) -> None:
    file = tmp_path / "model.pth"
    file.write_bytes(content)
    assert main(["compare", str(samples()[0]), str(file), "--out", str(tmp_path / "o")]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told
    assert len(told.strip().splitlines()) == 1
    assert not (tmp_path / "o").exists()


def test_that_a_missing_file_ends_in_one_sentence(tmp_path: Path, capsys) -> None:
    assert main(["tree", str(tmp_path / "nowhere.pth")]) == 2
    assert "nowhere.pth" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["tree"],
        ["compare", "a.pth", "--out", "x"],
        ["compare", "a.pth", "b.pth"],
        ["compare", "a.pth", "b.pth", "--out", "x", "--axis", "diagonal"],
        ["tree", "a.pth", "--heads", "0"],
        ["paint"],
    ],
)
def test_that_wrong_usage_exits_with_2_and_one_line(arguments: list[str], capsys) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_that_a_fault_of_ours_exits_with_1_and_says_so(monkeypatch, capsys) -> None:
    def fail(arguments: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("inspector.cli.tree.run", fail)
    assert main(["tree", str(samples()[0])]) == 1
    told = capsys.readouterr().err
    assert "fault of ViT Inspector" in told
    assert "planted" in told


def test_that_tree_needs_no_torch() -> None:
    program = (
        "import sys; from inspector.cli.main import main; "
        f"main(['tree', {str(samples()[1])!r}]); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_that_progress_fits_a_line_and_tells_the_time_left() -> None:
    text = line(6, 24, "comparing " + "long " * 30, rate=2.0, left=9.0)
    assert len(text) <= 79
    assert text.endswith("9 s left")
    assert "25%" in text
    assert "a second" not in text


def test_that_progress_over_images_counts_them_and_tells_how_many_a_second() -> None:
    text = line(60, 240, "image " + "deep/" * 30 + "x.png", rate=12.34, left=14.6)
    assert len(text) <= 79
    assert text.endswith("  60 of 240  12.3 a second  15 s left")
    assert line(60, 240, "image x.png").endswith("  60 of 240")
    own = line(60, 240, "image x.png", rate=12.34, left=14.6, processes=4)
    assert len(own) <= 79
    assert own.endswith("  60 of 240 in 1 of 4 processes  12.3 a second  15 s left")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("rank", "drawn"), [(0, True), (1, False)])
def test_that_of_several_processes_the_first_alone_draws(rank: int, drawn: bool) -> None:
    stream = _Terminal()
    with TerminalProgress(stream, rank=rank, processes=2) as progress:
        progress(1, 2, "image x.png")
    assert ("1 of 2" in stream.getvalue()) is drawn


def test_that_progress_is_silent_where_output_is_redirected() -> None:
    stream = io.StringIO()
    with TerminalProgress(stream) as progress:
        progress(1, 2, "comparing")
    assert stream.getvalue() == ""
