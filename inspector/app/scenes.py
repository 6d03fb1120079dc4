"""What the views are drawn from now: scenes of what is selected, from what is kept; no waiting."""

from dataclasses import replace
from typing import Any

from inspector.app.inspecting import Inspecting
from inspector.app.looks import BlockKey, BlockSeen, ModelInput, Run
from inspector.app.scanning import Scans
from inspector.core.attention import PairScore, TokenAttention
from inspector.core.errors import InspectorError
from inspector.core.modes import BlockModes, ModelModes
from inspector.core.scene import AttentionScene, DepthScene, ModeScene, ShownImage
from inspector.core.tokens import TokenGrid
from inspector.families.preparation import default_preparation
from inspector.session import OpenImage, OpenModel, Session
from inspector.views.chip_words import letter_of


class Scenes:
    """Builds scenes in the window's thread; each takes far less than a frame."""

    def __init__(self, session: Session, inspecting: Inspecting, scans: Scans) -> None:
        self._session = session
        self._inspecting = inspecting
        self._scans = scans
        self._plain: ShownImage | None = None
        self._derived: tuple[ShownImage, ShownImage, ShownImage] | None = None
        self._whole: tuple[BlockKey, Run] | None = None
        self._attention: dict[int, tuple[BlockSeen, TokenAttention]] = {}
        self._pair: tuple[BlockSeen, int, int, int, PairScore] | None = None
        self._expected: dict[int, ModelInput | None] = {}

    @property
    def problem(self) -> InspectorError | None:
        """Why there is no picture, or why the selected model shows nothing on it."""
        image, view = self._session.image, self._session.image_view
        unread = None if image is None or view is None else self._inspecting.why_unread(image, view)
        if unread is not None:
            return unread
        return self.problem_of(self._session.chosen_model)

    def problem_of(self, entry: OpenModel | None) -> InspectorError | None:
        """Why a model shows nothing on the current picture."""
        key = None if entry is None else self._inspecting.key_of(entry)
        return None if key is None else self._inspecting.problem(key)

    @property
    def image(self) -> ShownImage | None:
        """The current picture, with the model's input where the model has been run on it."""
        entry = self._session.chosen_model
        found = None if entry is None else self._found(entry)
        return self._plain_image() if found is None else found[1]

    @property
    def grid(self) -> TokenGrid | None:
        """Where the tokens of the selected block lie; None where that is not known yet."""
        entry = self._session.chosen_model
        found = None if entry is None else self._found(entry)
        return None if found is None else found[0].attention.grid

    def takes(self, entry: OpenModel) -> ModelInput | None:
        """What a model can be given; before it is run, its own size only. None where unknown."""
        known, key = self._inspecting.takes(entry), id(entry.model)
        if known is not None:
            return known
        if key not in self._expected:
            here = {id(one.model) for one in self._session.models}
            self._expected = {old: one for old, one in self._expected.items() if old in here}
            try:
                self._expected[key] = ModelInput(default_preparation(entry.model), native=False)
            except InspectorError:
                self._expected[key] = None
        return self._expected[key]

    def mode(self, entry: OpenModel | None) -> ModeScene | None:
        """The selected mode of a model; None where its modes are not known.

        Without maps while the model runs, and where it cannot.
        """
        address = self._session.selection.address
        if entry is None or address is None:
            return None
        found = self._found(entry)
        known = None if found is None else found[0].modes
        modes = known or self._inspecting.block_modes(entry, address)
        if modes is None:
            return None
        maps = None if found is None else found[0].maps
        image = self._plain_image() if found is None else found[1]
        head, mode = self._place_in(modes)
        return ModeScene(entry.card, self._letter(entry), modes, head, mode, image, maps)

    def mode_on(self, entry: OpenModel, image: OpenImage) -> ModeScene | None:
        """The selected mode on another of the open images; None where the model was not run."""
        key = self._inspecting.key_of(entry, image)
        seen = None if key is None else self._inspecting.seen(key)
        run = None if key is None else self._inspecting.run(key.run)
        if seen is None or run is None or seen.modes is None:
            return None
        head, mode = self._place_in(seen.modes)
        shown = run.image if run.image.card == image.card else replace(run.image, card=image.card)
        letter = self._letter(entry)
        return ModeScene(entry.card, letter, seen.modes, head, mode, shown, seen.maps)

    def attention(
        self, entry: OpenModel | None, *, with_pair: bool = True
    ) -> AttentionScene | None:
        """The selected token's attention in a model; None where that has not been run.

        Its score with the key token is left out where it is not looked at.
        """
        session = self._session
        found = None if entry is None else self._found(entry)
        if entry is None or found is None:
            return None
        seen, image = found
        block, chosen = seen.attention, session.selection
        token = first_token(block.grid) if chosen.token is None else chosen.token
        if not 0 <= token < block.grid.count:
            token = first_token(block.grid)
        head = 0 if chosen.address is None else chosen.address.head or 0
        head = min(head, block.num_heads - 1)
        pair = self._pair_score(seen, head, token) if with_pair else None
        attention = self._token_attention(id(entry.model), seen, token)
        letter = self._letter(entry)
        return AttentionScene(entry.card, letter, image, attention, head, seen.score_modes, pair)

    def depth(self) -> DepthScene | None:
        """The modes of A, and of the selected compared model, as far as they are known."""
        known = self._over_depth()
        if not known:
            return None
        return DepthScene(
            tuple(self._letter(entry) for entry, _ in known),
            tuple(modes for _, modes in known),
            tuple(self._scans.anisotropy(entry) for entry, _ in known),
            self._session.selection.address,
            tuple(self._scans.preference(entry) for entry, _ in known),
            tuple(self._scans.same_object(entry) for entry, _ in known),
        )

    def depth_places(self) -> tuple[int, ...]:
        """Where the models of `depth` are among those that are open."""
        return tuple(self._session.models.index(entry) for entry, _ in self._over_depth())

    def _over_depth(self) -> list[tuple[OpenModel, ModelModes]]:
        entries = [entry for entry in self.pair if entry is not None]
        known = [(entry, self._inspecting.splitting.modes_of(entry)) for entry in entries]
        return [(entry, modes) for entry, modes in known if modes is not None and modes.blocks]

    @property
    def pair(self) -> tuple[OpenModel | None, OpenModel | None]:
        """A, and the compared model that is selected."""
        models, other = self._session.models, self._session.selection.compared + 1
        first = models[0] if models else None
        return first, models[other] if other < len(models) else None

    @property
    def other(self) -> OpenModel | None:
        """The one of the pair that is not looked at."""
        first, second = self.pair
        return first if self._session.chosen_model is second else second

    def _found(self, entry: OpenModel) -> tuple[BlockSeen, ShownImage] | None:
        """The selected block on the current picture.

        While only the window of the picture has changed, what was seen last stands in until the
        model has been run again; the picture itself is shown in the new window at once. It also
        stays where the model cannot be run on the picture as it is now to be prepared.
        """
        key = self._inspecting.key_of(entry)
        if key is None:
            return None
        seen, run = self._inspecting.seen(key), self._inspecting.run(key.run)
        if seen is not None and run is not None:
            if entry is self._session.chosen_model:
                self._whole = (key, run)
            return seen, self._labelled(run.image)
        if self._whole is None:
            return None
        whole, run = self._whole
        seen, plain = self._inspecting.seen(replace(key, run=whole.run)), self._plain_image()
        if seen is None or plain is None:
            return None
        if self._inspecting.problem(key) is not None:
            is_same = replace(whole.run, preparation=key.run.preparation) == key.run
            return (seen, self._labelled(run.image)) if is_same else None
        if replace(whole.run, tone=key.run.tone) != key.run:
            return None
        return seen, self._made_once(plain, run.image, prepared=run.image.prepared)

    def _labelled(self, image: ShownImage) -> ShownImage:
        """Under the label that the image has now: a namesake may have been opened since."""
        entry = self._session.image
        if entry is None or image.card == entry.card:
            return image
        return self._made_once(image, image, card=entry.card)

    def _made_once(self, image: ShownImage, other: ShownImage, **changes: Any) -> ShownImage:
        """The image with changes; the same object while it is asked for again and again."""
        known = self._derived
        if known is None or known[0] is not image or known[1] is not other:
            self._derived = known = (image, other, replace(image, **changes))
        return known[2]

    def _plain_image(self) -> ShownImage | None:
        """The current picture without any model; the same object while it is the same picture.

        Until another slice of the same image is read, the last one stays.
        """
        entry, view = self._session.image, self._session.image_view
        image = None if entry is None or view is None else self._inspecting.image(entry, view)
        old = self._plain
        if image is None and entry is not None and view is not None and old is not None:
            is_read = self._inspecting.why_unread(entry, view) is None
            return old if is_read and old.card == entry.card else None
        is_same = (
            image is not None
            and old is not None
            and old.slice is image.slice
            and (old.card, old.at, old.tone) == (image.card, image.at, image.tone)
        )
        if not is_same:
            self._plain = image
        return self._plain

    def _token_attention(self, model: int, seen: BlockSeen, token: int) -> TokenAttention:
        """Of all heads; the last of each model is kept while heads are stepped through."""
        from inspector.analysis.attention import token_attention

        known = self._attention.get(model)
        if known is not None and known[0] is seen and known[1].token == token:
            return known[1]
        found = token_attention(seen.attention, token)
        here = {id(entry.model) for entry in self._session.models}
        self._attention = {key: one for key, one in self._attention.items() if key in here}
        self._attention[model] = (seen, found)
        return found

    def _pair_score(self, seen: BlockSeen, head: int, token: int) -> PairScore | None:
        """Of the selected key token; the last one is kept, so that it is not drawn anew."""
        from inspector.analysis.attention import pair_score

        block, modes, key = seen.attention, seen.score_modes, self._session.selection.key
        if modes is None or key is None or key >= block.grid.count:
            return None
        known = self._pair
        if known is None or known[0] is not seen or known[1:4] != (head, token, key):
            found = pair_score(block, modes, head=head, query=token, key=key)
            self._pair = known = (seen, head, token, key, found)
        return known[4]

    def _place_in(self, modes: BlockModes) -> tuple[int, int]:
        """The selected head and mode, or the nearest there is."""
        chosen = self._session.selection
        head = 0 if chosen.address is None else chosen.address.head or 0
        return min(head, modes.num_heads - 1), min(chosen.mode, modes.num_modes - 1)

    def _letter(self, entry: OpenModel) -> str:
        return letter_of(self._session.models.index(entry))


def first_token(grid: TokenGrid) -> int:
    """Whose attention is shown before one is chosen: the first prefix token, else the centre."""
    return 0 if grid.prefix else grid.token(grid.rows // 2, grid.columns // 2)
