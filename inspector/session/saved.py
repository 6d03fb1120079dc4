"""A session as a small JSON: where everything is, and what was looked at."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from inspector.core.address import Address
from inspector.core.comparison import Axis
from inspector.core.errors import BadRequest
from inspector.core.images import Plane, SliceAddress, Window
from inspector.core.map_style import ColourPair, MapStyle
from inspector.core.measuring import MaskFolders
from inspector.core.metrics import Metric
from inspector.core.modes import ModeOptions, Product, TokenSpace
from inspector.core.outline import Matrix
from inspector.core.preparation import Preparation
from inspector.core.scan_request import ScanChoice, ScanRequest
from inspector.core.selection import Selection
from inspector.session.open_files import ImageSource, ImageView, Source

VERSION = 3
_READ = (1, 2, VERSION)


@dataclass(frozen=True, slots=True)
class SavedSession:
    """What a session is restored from: where everything is, and what was looked at.

    Nothing of what is in the files is kept: no pixels, no weights, no header.

    Parameters
    ----------
    sources
        Of the models.
    preparations
        One for each model; None for the checkpoint's own.
    images, views
        One view for each image. A window is kept, a table of a file is not.
    image
        Position of the current one.
    scan
        The folder that was looked through for optimal images, and how.
    masks
        The folders that something was measured with.
    """

    sources: tuple[Source, ...]
    axis: Axis = "out"
    selection: Selection = field(default_factory=Selection)
    preparations: tuple[Preparation | None, ...] = ()
    images: tuple[ImageSource, ...] = ()
    views: tuple[ImageView, ...] = ()
    image: int = 0
    style: MapStyle = field(default_factory=MapStyle)
    scan: ScanRequest | None = None
    masks: tuple[MaskFolders, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "version": VERSION,
            "models": [{**asdict(source), "path": str(source.path)} for source in self.sources],
            "axis": self.axis,
            "selection": _selection_to(self.selection),
            "preparations": [None if p is None else asdict(p) for p in self.preparations],
            "images": [
                {"path": str(source.path), "place": source.place, **_view_to(view)}
                for source, view in zip(self.images, self.views, strict=True)
            ],
            "image": self.image,
            "style": asdict(self.style),
            "scan": None if self.scan is None else _plain(self.scan),
            "masks": [_plain(folders) for folders in self.masks],
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Self:
        """Read what `to_json` gave, now or in a version before.

        Raises
        ------
        BadRequest
            When it is not a saved session of a known version.
        """
        try:
            if saved["version"] not in _READ:
                raise ValueError(f"version {saved['version']}")
            sources = tuple(
                Source(Path(model["path"]), model["heads"], model["section"])
                for model in saved["models"]
            )
            axis: Axis = "in" if saved["axis"] == "in" else "out"
            found = cls(sources, axis, _selection_from(saved["selection"]))
            if saved["version"] == 1:
                return found
            found = found._with_images(saved)
            return found if saved["version"] == 2 else found._with_folders(saved)
        except (KeyError, TypeError, ValueError, AttributeError, BadRequest) as error:
            raise BadRequest(
                "The saved session cannot be read.",
                advice="Open the files again.",
                details=repr(error),
            ) from error

    def _with_images(self, saved: Mapping[str, Any]) -> Self:
        images = saved["images"]
        return replace(
            self,
            selection=_more_of_selection(self.selection, saved["selection"]),
            preparations=tuple(_preparation_from(entry) for entry in saved["preparations"]),
            images=tuple(ImageSource(Path(i["path"]), int(i["place"])) for i in images),
            views=tuple(_view_from(entry) for entry in images),
            image=int(saved["image"]),
            style=_style_from(saved["style"]),
        )

    def _with_folders(self, saved: Mapping[str, Any]) -> Self:
        scan = saved["scan"]
        return replace(
            self,
            scan=None
            if scan is None
            else ScanRequest(Path(scan["folder"]), ScanChoice(**scan["choice"])),
            masks=tuple(_masks_from(entry) for entry in saved["masks"]),
        )


def _plain(request: ScanRequest | MaskFolders) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in asdict(request).items()
    }


def _masks_from(saved: Mapping[str, Any]) -> MaskFolders:
    paths = ("images", "targets", "distractors", "background", "labels")
    folders = {name: None if saved[name] is None else Path(saved[name]) for name in paths}
    pair = None if saved["pair"] is None else (int(saved["pair"][0]), int(saved["pair"][1]))
    return MaskFolders(**{**saved, **folders, "pair": pair})


def _selection_to(chosen: Selection) -> dict[str, Any]:
    return {
        "address": str(chosen.address) if chosen.address else None,
        "matrix": chosen.matrix,
        "metric": chosen.metric,
        "compared": chosen.compared,
        "vector": chosen.vector,
        "model": chosen.model,
        "mode": chosen.mode,
        "token": chosen.token,
        "key": chosen.key,
        "options": asdict(chosen.options),
        "space": chosen.space,
    }


def _selection_from(saved: Mapping[str, Any]) -> Selection:
    return Selection(
        address=Address.parse(saved["address"]) if saved["address"] else None,
        matrix=Matrix(saved["matrix"]) if saved["matrix"] else None,
        metric=Metric(saved["metric"]),
        compared=int(saved["compared"]),
        vector=_number_or_none(saved["vector"]),
    )


def _more_of_selection(chosen: Selection, saved: Mapping[str, Any]) -> Selection:
    """What version 1 did not know of yet."""
    options = saved["options"]
    return replace(
        chosen,
        model=int(saved["model"]),
        mode=int(saved["mode"]),
        token=_number_or_none(saved["token"]),
        key=_number_or_none(saved["key"]),
        options=ModeOptions(
            Product(options["product"]), bool(options["fold_norm"]), bool(options["augment_bias"])
        ),
        space=TokenSpace(saved["space"]),
    )


def _number_or_none(saved: Any) -> int | None:
    return None if saved is None else int(saved)


def _view_to(view: ImageView) -> dict[str, Any]:
    window = asdict(view.tone) if isinstance(view.tone, Window) else None
    return {**asdict(view.at), "window": window}


def _view_from(saved: Mapping[str, Any]) -> ImageView:
    at = SliceAddress(Plane(saved["plane"]), int(saved["index"]), int(saved["time"]))
    return ImageView(at, None if saved["window"] is None else Window(**saved["window"]))


def _preparation_from(saved: Mapping[str, Any] | None) -> Preparation | None:
    if saved is None:
        return None
    size = None if saved["size"] is None else (int(saved["size"][0]), int(saved["size"][1]))
    mean, std = tuple(saved["mean"]), tuple(saved["std"])
    return Preparation(**{**saved, "size": size, "mean": mean, "std": std})


def _style_from(saved: Mapping[str, Any]) -> MapStyle:
    return MapStyle(**{**saved, "pair": ColourPair(saved["pair"])})
