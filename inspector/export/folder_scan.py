"""A model run over the pictures of a folder: what every command that does it is told."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspector.core.errors import BadImage, BadRequest
from inspector.core.progress import Progress, silent
from inspector.core.provenance import FileRecord, Provenance
from inspector.export.sources import CheckpointFile, Wanted, preparation_options
from inspector.export.staging import check_can_be_written

if TYPE_CHECKING:
    from inspector.export.computing import Opened
    from inspector.scans.analyses import Running
    from inspector.scans.ranks import Ranks
    from inspector.scans.store import Store


@dataclass(frozen=True, eq=False)
class FolderScan:
    """Which model is run over which pictures, and where what it gives goes.

    Parameters
    ----------
    images, folder
        Of the pictures, and the one that is written to.
    ranks
        Which of several processes this is, and where it computes.
    preparation
        How pictures are prepared otherwise than the model says.
    asked
        The device as it was asked for.
    batch
        How many pictures are read ahead.
    store
        Where records are kept, if anywhere.
    """

    checkpoint: CheckpointFile
    images: Path
    folder: Path
    ranks: "Ranks"
    preparation: Wanted | None = None
    asked: str = "auto"
    batch: int = 32
    store: "Store | None" = None
    progress: Progress = silent

    @property
    def place(self) -> Path:
        """Of the pictures, wherever a script that finds it is run from."""
        return self.images.absolute()

    @contextmanager
    def opened(self) -> Iterator["Opened"]:
        """The model, ready to run; its source with all files that are read."""
        from inspector.export.computing import opened

        with opened(self.checkpoint, device=self.ranks.device) as running:
            files = running.model.checkpoint.files
            yield replace(running, source=replace(self.checkpoint, files=files))

    def keywords(self, running: "Opened") -> "Running":
        """What the functions of `inspector.scans.analyses` take beside their own options."""
        from inspector.export.computing import prepared_as

        return {
            "preparation": prepared_as(self.preparation, running.network),
            "card": running.card(),
            "store": self.store,
            "ranks": self.ranks,
            "batch": self.batch,
            "device": self.ranks.device,
            "progress": self.progress,
        }

    def provenance(
        self,
        running: "Opened",
        words: Sequence[str],
        parameters: dict[str, Any],
        *,
        precision: str,
        pictures: Sequence[Path],
    ) -> Provenance:
        """Files and their hashes, and the command line that repeats it.

        Parameters
        ----------
        words
            Of the command line, those that are the command's own.
        pictures
            The files of the pictures that count.
        """
        from inspector.analysis.devices import describe_device
        from inspector.export.computing import prepared_as
        from inspector.export.provenance import provenance_of
        from inspector.export.scene_files import command_of

        source, preparation = running.source, prepared_as(self.preparation, running.network)
        every = [*words, *preparation_options(preparation), *source.options]
        made = provenance_of(
            source.files,
            command=command_of([*every, "--out", str(self.folder), "--device", self.asked]),
            parameters=parameters
            | {"preparation": asdict(preparation), "processes": self.ranks.world}
            | {"heads": source.heads, "section": source.section},
            device=describe_device(self.ranks.device.split(":")[0], precision),
            progress=self.progress,
        )
        records = tuple(self._records(pictures))
        notes = (*running.network.notes, *_gone(len(pictures) - len(records)))
        return replace(made, files=(*made.files, *records), notes=notes)

    def _records(self, pictures: Sequence[Path]) -> Iterator[FileRecord]:
        """Of the files that are still there; their hashes are known from the scan."""
        from inspector.images.fingerprints import Fingerprints

        known = Fingerprints(None) if self.store is None else self.store.fingerprints
        for number, path in enumerate(pictures):
            self.progress(number, len(pictures), f"hashing {path.name}")
            with suppress(OSError, BadImage):
                size = path.stat().st_size
                name = path.relative_to(self.place).as_posix()
                yield FileRecord(name, size, known.of(path))


def _gone(count: int) -> tuple[str, ...]:
    return (f"{count} files can no longer be read; their hashes are missing.",) if count else ()


def check_folders(images: Path, folder: Path) -> None:
    """Refuse what cannot be read, and results that would lie among the pictures.

    A figure or a table in the folder of the pictures would be looked at as one of them the next
    time, and the same command would not give the same.

    Raises
    ------
    BadRequest
        When there is no such folder, or `folder` is `images` or lies in it.
    ExportFailed
        When nothing can be written to `folder`: hours later all that was found would be lost.
    """
    if not images.is_dir():
        raise BadRequest(f"“{images}” is no folder.", advice="Give a folder of images.")
    inner, outer = folder.resolve(), images.resolve()
    if inner == outer or outer in inner.parents:
        raise BadRequest(
            f"Results cannot be written to {folder}, which lies in the folder of the images: they "
            "would be taken for images the next time.",
            advice="Choose a folder beside it.",
        )
    check_can_be_written(folder)


def kept_sentences(kept: int, total: int) -> Iterator[str]:
    """How many records were there already, where some were."""
    if kept:
        yield f"{kept} of {total} images were measured before; what was found then was used."
