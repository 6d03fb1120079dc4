import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inspector.core.address import Address
from inspector.core.comparison import ComparisonSeries, Patterns
from inspector.core.errors import BadRequest, Cancelled, ExportFailed
from inspector.core.figures import FigureFormat, FigureKind, FigureStyle
from inspector.core.metrics import Metric
from inspector.core.provenance import record_of
from inspector.core.selection import Selection
from inspector.export import bundle
from inspector.export.bundle import write_comparison, write_export
from inspector.export.comparison_content import KINDS, ComparisonContent
from inspector.export.figure import drawing_of
from inspector.export.provenance import provenance_of
from inspector.export.sources import CheckpointFile
from tests import synthetic
from tests.export.conftest import along_input, patterns_of

STYLE = FigureStyle()


@pytest.fixture
def quick_figures(monkeypatch) -> None:
    """Figures are drawn but not set into PDF, for tests of what lies beside them."""
    monkeypatch.setattr(bundle, "save_figure", lambda figure, path, style: path.write_bytes(b""))


@pytest.mark.parametrize(
    ("kind", "format_"),
    [
        *((FigureKind.HEAT_MAP, format_) for format_ in FigureFormat),
        *((kind, FigureFormat.SVG) for kind in KINDS if kind is not FigureKind.HEAT_MAP),
    ],
)
def test_that_a_figure_comes_with_numbers_provenance_and_script(
    epochs, provenance, tmp_path, kind, format_
) -> None:
    style = FigureStyle(format=format_)
    base = tmp_path / "fig.v1"
    files = write_export(
        base, kind, ComparisonContent(epochs, Selection()), style=style, provenance=provenance
    )
    assert {f.name for f in files} == {
        f"fig.v1.{ending}" for ending in (format_.value, "csv", "npz", "json", "py")
    }
    assert set(files) == set(tmp_path.iterdir())
    assert all(f.stat().st_size for f in files)


@pytest.mark.parametrize("kind", KINDS)
def test_that_the_numbers_beside_a_figure_are_exactly_those_drawn(
    epochs, provenance, tmp_path, kind
) -> None:
    style = FigureStyle(format=FigureFormat.SVG)
    drawing = drawing_of(kind, ComparisonContent(epochs, Selection()), style=style)
    write_export(
        tmp_path / "f",
        kind,
        ComparisonContent(epochs, Selection()),
        style=style,
        provenance=provenance,
    )
    with np.load(tmp_path / "f.npz", allow_pickle=False) as found:
        assert set(found) == set(drawing.arrays)
        for name, array in drawing.arrays.items():
            np.testing.assert_array_equal(found[name], array)
    with (tmp_path / "f.csv").open(newline="") as stream:
        header, *rows = csv.reader(stream)
    assert tuple(header) == drawing.columns
    assert [[type(c)(cell) for c, cell in zip(drawn, row, strict=True)]
            for drawn, row in zip(drawing.rows, rows, strict=True)] == [
        list(drawn) for drawn in drawing.rows
    ]  # fmt: skip


def test_that_table_and_arrays_of_the_heat_map_agree(pair, provenance, tmp_path) -> None:
    kind = FigureKind.HEAT_MAP
    write_export(
        tmp_path / "f",
        kind,
        ComparisonContent(pair, Selection()),
        style=STYLE,
        provenance=provenance,
    )
    with (tmp_path / "f.csv").open(newline="") as stream:
        means = [float(row["mean"]) for row in csv.DictReader(stream)]
    with np.load(tmp_path / "f.npz") as found:
        np.testing.assert_array_equal(found["values"].T.ravel(), means)


def test_that_the_record_names_files_models_parameters_and_versions(
    pair, provenance, tmp_path
) -> None:
    chosen = Selection(address=Address(1, 2), metric=Metric.DOT)
    kind = FigureKind.HEAT_MAP
    write_export(
        tmp_path / "f", kind, ComparisonContent(pair, chosen), style=STYLE, provenance=provenance
    )
    record = json.loads((tmp_path / "f.json").read_text())
    assert record["files"] == [{"name": "a.pth", "size": 3, "sha256": "ab" * 32}]
    assert [m["label"] for m in record["models"]] == ["pretrained.pth", "epoch_6.pth"]
    assert record["figure"]["metric"] == "dot"
    assert record["figure"]["address"] == "S1 B2"
    assert len(record["figure"]["colour_limits"]) == 2
    assert record["device"].startswith("CPU")
    assert "numpy" in record["versions"]


def test_that_files_that_are_there_are_replaced_only_when_that_is_wanted(
    pair, provenance, tmp_path
) -> None:
    (tmp_path / "f.csv").write_text("measured by hand")
    request = (tmp_path / "f", FigureKind.HEAT_MAP, ComparisonContent(pair, Selection()))
    with pytest.raises(ExportFailed, match=r"f\.csv is already in"):
        write_export(*request, style=STYLE, provenance=provenance)
    assert [p.name for p in tmp_path.iterdir()] == ["f.csv"]
    write_export(*request, style=STYLE, provenance=provenance, overwrite=True)
    assert len(list(tmp_path.iterdir())) == 5


def test_that_a_cancelled_export_leaves_nothing(pair, provenance, tmp_path) -> None:
    def cancel_at_the_numbers(done: int, total: int, text: str = "") -> None:
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        write_export(
            tmp_path / "f",
            FigureKind.HEAT_MAP,
            ComparisonContent(pair, Selection()),
            style=STYLE,
            provenance=provenance,
            progress=cancel_at_the_numbers,
        )
    assert not list(tmp_path.iterdir())


def test_that_a_disk_that_fills_up_leaves_nothing(pair, provenance, tmp_path, monkeypatch) -> None:
    def fill_up(*args, **arrays) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle.np, "savez", fill_up)
    with pytest.raises(ExportFailed, match="the disk is full"):
        write_export(
            tmp_path / "f",
            FigureKind.HEAT_MAP,
            ComparisonContent(pair, Selection()),
            style=STYLE,
            provenance=provenance,
        )
    assert not list(tmp_path.iterdir())


def test_that_a_comparison_writes_every_table_and_figure(pair, provenance, tmp_path) -> None:
    folder = tmp_path / "out" / "deep"
    told: list[tuple[int, int]] = []
    files = write_comparison(
        folder,
        pair,
        [patterns_of(pair.comparisons[0])],
        provenance=provenance,
        progress=lambda done, total, text="": told.append((done, total)),
    )
    assert {f.name for f in files} == {
        "vectors.csv",
        "blocks.csv",
        "heads.csv",
        "products.csv",
        "patterns.csv",
        "matching.json",
        "provenance.json",
        "findings.txt",
        "heat-map.pdf",
        "head-map.pdf",
        "lines.pdf",
        "invariant.pdf",
        "vectors-S0-B0.pdf",
        "vectors-S1-B2.pdf",
    }
    assert set(files) == set(folder.iterdir())
    assert told == [(n, len(told) - 1) for n in range(len(told))]
    assert (folder / "findings.txt").read_text() == "V of S0 B0 drops at its end by 12 %.\n"


@pytest.mark.usefixtures("quick_figures")
def test_that_the_vectors_of_the_first_the_most_changed_and_the_last_block_are_drawn(
    pair, provenance, tmp_path
) -> None:
    calm, stirred = (
        pair.comparisons[0].blocks,
        synthetic.comparison(change=2.0, depths=(1, 3), width=12, heads=2).blocks,
    )
    series = ComparisonSeries(
        (replace(pair.comparisons[0], blocks=(*calm[:1], stirred[1], *calm[2:])),)
    )
    files = write_comparison(tmp_path, series, [Patterns()], provenance=provenance)
    drawn = [f.stem for f in files if f.name.startswith("vectors-")]
    assert drawn == ["vectors-S0-B0", "vectors-S1-B0", "vectors-S1-B2"]


@pytest.mark.usefixtures("quick_figures")
def test_that_a_series_has_figures_of_every_model_and_one_of_all(
    epochs, provenance, tmp_path
) -> None:
    two = ComparisonSeries(epochs.comparisons[:2])
    patterns = [patterns_of(c) for c in two.comparisons]
    files = write_comparison(tmp_path / "out", two, patterns, provenance=provenance)
    names = {f.name for f in files}
    assert {"series.pdf", "heat-map-1-epoch_1.pdf", "lines-2-epoch_2.pdf"} <= names
    lines = (tmp_path / "out" / "findings.txt").read_text().splitlines()
    assert lines[1] == "epoch_2.pth: V of S0 B0 drops at its end by 12 %."


@pytest.mark.usefixtures("quick_figures")
def test_that_the_matching_is_written_in_full(pair, provenance, tmp_path) -> None:
    skipped = replace(pair.comparisons[0], skipped=((Address(1, 2), "K has another shape."),))
    write_comparison(tmp_path, ComparisonSeries((skipped,)), [Patterns()], provenance=provenance)
    record = json.loads((tmp_path / "matching.json").read_text())
    (compared,) = record["compared"]
    assert record["reference"] == "pretrained.pth"
    assert compared["sentence"] == "1 matched, 1 only in A, 1 of different shape"
    assert compared["skipped"] == [{"stage": 1, "block": 2, "reason": "K has another shape."}]
    assert compared["matches"]["only in A"][0]["name_a"] == "head.weight"
    assert compared["matches"]["of different shape"][0]["shape_b"] == [1, 50, 24]
    assert compared["matches"]["renamed"] == []


@pytest.mark.usefixtures("quick_figures")
def test_that_a_second_comparison_replaces_the_first_and_leaves_other_files(
    pair, provenance, tmp_path
) -> None:
    (tmp_path / "notes.md").write_text("mine")
    (tmp_path / "blocks.csv").write_text("old")
    series = ComparisonSeries((along_input(pair.comparisons[0]),))
    files = write_comparison(tmp_path, series, [Patterns()], provenance=provenance)
    assert "head-map.pdf" not in {f.name for f in files}
    assert (tmp_path / "blocks.csv").read_text() != "old"
    assert (tmp_path / "notes.md").read_text() == "mine"


def test_that_a_comparison_that_is_broken_off_leaves_no_folder(pair, provenance, tmp_path) -> None:
    def cancel_at_the_figures(done: int, total: int, text: str = "") -> None:
        if "heat-map" in text:
            raise Cancelled

    with pytest.raises(Cancelled):
        write_comparison(
            tmp_path / "new",
            pair,
            [Patterns()],
            provenance=provenance,
            progress=cancel_at_the_figures,
        )
    assert not list(tmp_path.iterdir())


def test_that_patterns_are_given_for_every_model_or_refused(epochs, provenance, tmp_path) -> None:
    with pytest.raises(BadRequest, match="one set of patterns"):
        write_comparison(tmp_path, epochs, [Patterns()], provenance=provenance)


def test_that_provenance_hashes_each_file_once_over_one_progress(tmp_path) -> None:
    paths = [tmp_path / name for name in ("a.bin", "b.bin")]
    for path in paths:
        path.write_bytes(path.name.encode() * 100)
    told: list[tuple[int, int]] = []
    found = provenance_of(
        [*paths, paths[0]],
        command="c",
        parameters={"axis": "in"},
        device="CPU, float64",
        progress=lambda done, total, text="": told.append((done, total)),
    )
    assert found.files == tuple(record_of(path) for path in paths)
    assert told == [(500, 1000), (1000, 1000)]


def test_that_a_file_that_is_gone_is_named(tmp_path) -> None:
    with pytest.raises(ExportFailed, match=r"gone\.pth can no longer be read"):
        provenance_of([tmp_path / "gone.pth"], command="", parameters={}, device="CPU")


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> list[Path]:
    """A tiny ViT in timm's naming, and two that were trained on from it."""
    from safetensors.numpy import save_file

    random = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("models")
    shapes = {"cls_token": (1, 1, 16), "pos_embed": (1, 17, 16), "norm.weight": (16,)}
    shapes |= {"patch_embed.proj.weight": (16, 3, 4, 4), "norm.bias": (16,)}
    for block in range(3):
        of_block = {
            "norm1.weight": (16,),
            "norm1.bias": (16,),
            "attn.qkv.weight": (48, 16),
            "attn.qkv.bias": (48,),
            "attn.proj.weight": (16, 16),
            "attn.proj.bias": (16,),
            "norm2.weight": (16,),
            "norm2.bias": (16,),
            "mlp.fc1.weight": (64, 16),
            "mlp.fc1.bias": (64,),
            "mlp.fc2.weight": (16, 64),
            "mlp.fc2.bias": (16,),
        }
        shapes |= {f"blocks.{block}.{name}": shape for name, shape in of_block.items()}
    weights = {n: random.normal(0, 0.2, s).astype(np.float32) for n, s in shapes.items()}
    paths = [
        folder / name for name in ("pre 'trained'.safetensors", "one.safetensors", "2.safetensors")
    ]
    for path in paths:
        save_file(weights, path)
        weights = {
            n: w + random.normal(0, 0.02, w.shape).astype(np.float32) for n, w in weights.items()
        }
    return paths


@pytest.fixture(scope="module")
def computed(checkpoints):
    """The series of those checkpoints, as the window has it, and the patterns of the second."""
    from inspector.analysis.evolution import compare_series
    from inspector.analysis.invariant import with_products
    from inspector.analysis.patterns import find_patterns
    from inspector.families import open_model

    models = [open_model(path, heads=4) for path in checkpoints]
    labels = [path.name for path in checkpoints]
    series = compare_series(models[0], models[1:], labels=labels)
    series = with_products(series, models[0], models[1:])
    yield series, find_patterns(series.comparisons[1])
    for model in models:
        model.close()


@pytest.mark.parametrize(
    ("kind", "format_", "selection"),
    [
        (FigureKind.VECTORS, FigureFormat.PDF, Selection(address=Address(0, 1, 2), compared=1)),
        (FigureKind.INVARIANT, FigureFormat.SVG, Selection(compared=1)),
        (FigureKind.HEAD_MAP, FigureFormat.PNG, Selection(metric=Metric.DOT, compared=1)),
        (FigureKind.SERIES, FigureFormat.PDF, Selection(compared=1)),
    ],
)
def test_that_the_script_beside_a_figure_draws_the_same_bytes(
    checkpoints, computed, repository, tmp_path, kind, format_, selection
) -> None:
    series, patterns = computed
    style = FigureStyle(120.0, format_, dpi=150)
    provenance = provenance_of(
        checkpoints,
        command="",
        parameters={},
        device="CPU, float64",
    )
    sources = tuple(CheckpointFile(path, heads=4) for path in checkpoints)
    content = ComparisonContent(series, selection, patterns, sources)
    write_export(tmp_path / "fig", kind, content, style=style, provenance=provenance)
    environment = {**os.environ, "PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "fig.py"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    again = tmp_path / f"fig-again.{format_.value}"
    assert again.read_bytes() == (tmp_path / f"fig.{format_.value}").read_bytes()
