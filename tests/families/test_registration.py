"""Every file of namings is registered, and the slots of every pattern are known."""

import importlib
import pkgutil

from inspector.families import FAMILIES, namings
from inspector.families.naming import Naming, compiled
from inspector.families.placing import READINGS


def test_that_every_naming_of_the_folder_is_registered() -> None:
    for found in pkgutil.iter_modules(namings.__path__):
        module = importlib.import_module(f"{namings.__name__}.{found.name}")
        written = [value for value in vars(module).values() if isinstance(value, Naming)]
        assert written, f"{found.name} holds no naming"
        for naming in written:
            assert naming in FAMILIES, f"a naming of {found.name} is not registered"


def test_that_no_naming_is_registered_twice() -> None:
    assert len(set(map(id, FAMILIES))) == len(FAMILIES)


def test_that_every_naming_can_find_a_block_and_uses_known_slots() -> None:
    for naming in FAMILIES:
        tables = compiled(naming)
        assert tables.anchors
        for table in (tables.inside, tables.outside, tables.above):
            slots = {s for places in table.values() for place in places for s in place.slots}
            assert {slot for slot in slots if isinstance(slot, str)} <= set(READINGS)


def test_that_recognising_imports_neither_torch_nor_timm() -> None:
    import subprocess
    import sys

    code = (
        "import sys, inspector.families\n"
        "assert not {'torch', 'timm', 'scipy', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
