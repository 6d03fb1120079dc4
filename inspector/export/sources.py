"""The files a figure comes from, and how they are read: enough to read them again."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from inspector.core.errors import BadRequest
from inspector.core.images import SliceAddress, Tone, Window
from inspector.core.measuring import MaskFolders
from inspector.core.modes import ModeOptions
from inspector.core.optimal import OptimalOptions
from inspector.core.preparation import Fit, Interpolation, Preparation
from inspector.core.scene import ShownImage

Triple = tuple[float, float, float]
_MASKS = ("targets", "distractors", "background", "labels")


@dataclass(frozen=True, slots=True)
class CheckpointFile:
    """A checkpoint.

    Parameters
    ----------
    path
        The file or folder given.
    heads, section
        What it is opened with; see `inspector.families.open_model`.
    files
        Every file that is read: shards, index and configuration too.
    """

    path: Path
    heads: int | None = None
    section: str | None = None
    files: tuple[Path, ...] = ()

    @property
    def options(self) -> list[str]:
        """As words of a command line."""
        words = [] if self.heads is None else ["--heads", str(self.heads)]
        return words if self.section is None else [*words, "--section", self.section]

    @property
    def text(self) -> str:
        """As Python, without the list of files."""
        parts = [f"Path({str(self.path.absolute())!r})"]
        parts += [f"heads={self.heads}"] if self.heads is not None else []
        parts += [f"section={self.section!r}"] if self.section is not None else []
        return f"CheckpointFile({', '.join(parts)})"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How an image is prepared otherwise than the model says; None leaves it to the model."""

    size: tuple[int, int] | None = None
    native: bool = False
    fit: Fit | None = None
    crop_share: float | None = None
    mean: Triple | None = None
    std: Triple | None = None
    interpolation: Interpolation | None = None
    squash_share: float | None = None

    def applied(self, preparation: Preparation, *, native: bool) -> Preparation:
        """The preparation of a model with these changes; `native` says whether it takes any size.

        Raises
        ------
        BadRequest
            When the model takes images of one size only and the native one is wanted.
        """
        if self.native and not native:
            raise BadRequest(
                "This model cannot take images at their native size.",
                advice="Leave the size out, or give rows and columns.",
            )
        words = ("size", "fit", "crop_share", "squash_share", "mean", "std", "interpolation")
        asked = {word: getattr(self, word) for word in words}
        changes = {word: value for word, value in asked.items() if value is not None}
        if self.native:
            changes["size"] = None
        return replace(preparation, **changes, source="asked for") if changes else preparation


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A picture of an image.

    Parameters
    ----------
    path, place
        The file or folder given, and which of the images in it.
    at
        Which slice.
    tone
        A window, the number of one of the file's own presets, or None for the file's default.
    preparation
        The whole of it, or changes to that of the model, or None for that of the model.
    files
        Every file that is read.
    label
        What the image is called; as its reader calls it where none is given.
    """

    path: Path
    place: int = 0
    at: SliceAddress = field(default_factory=SliceAddress)
    tone: Window | int | None = None
    preparation: Preparation | Wanted | None = None
    files: tuple[Path, ...] = ()
    label: str = ""

    def as_shown(self, image: ShownImage) -> "ImageFile":
        """The same file, with the window and the preparation that came to be."""
        made = ImageFile.of(image, place=self.place, files=self.files)
        return replace(made, path=self.path)

    @classmethod
    def of(cls, image: ShownImage, *, place: int = 0, files: tuple[Path, ...] = ()) -> "ImageFile":
        """What an image that is shown was read from."""
        prepared = image.prepared
        return cls(
            Path(image.card.path),
            place,
            image.at,
            _tone_of(image.tone, image),
            None if prepared is None else prepared.preparation,
            files,
            image.card.label,
        )

    @property
    def given(self) -> Path:
        """What a command line is given: the file itself where there is only one."""
        return self.files[0] if len(self.files) == 1 else self.path

    @property
    def options(self) -> list[str]:
        """As words of a command line."""
        at, tone, made = self.at, self.tone, self.preparation
        words = ["--plane", str(at.plane), "--slice", str(at.index)]
        words += ["--time", str(at.time)] if at.time else []
        words += [f"--window={_written(tone)}"] if isinstance(tone, Window) else []
        words += ["--preset", str(tone)] if isinstance(tone, int) else []
        words += ["--series", str(self.place)] if self.given == self.path and self.is_one_of else []
        return words + (preparation_options(made) if isinstance(made, Preparation) else [])

    @property
    def is_one_of(self) -> bool:
        """Whether a folder was given, which may hold several images."""
        return len(self.files) > 1 or self.path.is_dir()

    @property
    def text(self) -> str:
        """As Python, without the list of files."""
        at = self.at
        place = f"Plane.{at.plane.name}, {at.index}, {at.time}"
        parts = [f"Path({str(self.path.absolute())!r})", f"place={self.place}"]
        parts += [f"at=SliceAddress({place})", f"tone={self.tone!r}"]
        parts += [f"preparation={self.preparation!r}", f"label={self.label!r}"]
        return f"ImageFile({', '.join(parts)})"


def preparation_options(made: Preparation) -> list[str]:
    """As words of a command line; what they do not say is left as the model has it."""
    size = "native" if made.size is None else f"{made.size[0]}x{made.size[1]}"
    words = ["--size", size]
    if made.size is not None:
        words += ["--fit", made.fit, "--interpolation", made.interpolation]
        words += ["--crop-share", repr(made.crop_share)] if made.fit == "crop" else []
        words += ["--squash-share", repr(made.squash_share)] if made.fit == "squash" else []
    return [*words, f"--mean={_joined(made.mean)}", f"--std={_joined(made.std)}"]


def weight_options(options: ModeOptions) -> list[str]:
    """As words of a command line, without the product."""
    words = ["--fold-ln"] if options.fold_norm else []
    return [*words, "--augment-bias"] if options.augment_bias else words


def optimal_words(options: OptimalOptions) -> list[str]:
    """How optimal images are found, as words of a command line."""
    modes = "all" if options.modes is None else str(options.modes)
    words = ["--modes", modes, *space_words(options)]
    return [*words, "--compat"] if options.compat else words


def space_words(options: OptimalOptions) -> list[str]:
    """Which tokens are projected on modes of which weights, as words of a command line."""
    return ["--space", str(options.space), *weight_options(options.options)]


def mask_options(masks: MaskFolders) -> list[str]:
    """Where masks or label maps are, as words of a command line."""
    words = []
    for option in _MASKS:
        folder = getattr(masks, option)
        words += [] if folder is None else [f"--{option}", str(folder)]
    return words if masks.pair is None else [*words, "--pair", f"{masks.pair[0]},{masks.pair[1]}"]


def mask_text(masks: MaskFolders) -> str:
    """As Python."""
    parts = [repr(masks.measure), f"Path({str(masks.images.absolute())!r})"]
    for name in _MASKS:
        folder = getattr(masks, name)
        parts += [] if folder is None else [f"{name}=Path({str(folder.absolute())!r})"]
    parts += [] if masks.pair is None else [f"pair={masks.pair!r}"]
    return f"MaskFolders({', '.join(parts)})"


def _written(window: Window) -> str:
    function = "" if window.function == "linear_exact" else f",{window.function}"
    return f"{window.centre!r},{window.width!r}{function}"


def _joined(numbers: Triple) -> str:
    return ",".join(repr(float(number)) for number in numbers)


def _tone_of(tone: Tone, image: ShownImage) -> Window | int | None:
    """The number of a preset of the file where it is one: a table cannot be written down."""
    for number, preset in enumerate(image.slice.presets):
        if preset.tone is tone or preset.tone == tone:
            return number
    return tone if isinstance(tone, Window) else None
