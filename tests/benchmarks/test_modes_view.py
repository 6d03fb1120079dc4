"""How long a mode, a head or another opacity takes to be drawn in the view, without the window.

Run explicitly: ``pytest tests/benchmarks/test_modes_view.py -s``. Prints one line each: name, ours,
bar. Times are of the wall: measure on a machine that does nothing else.
"""

import sys
from dataclasses import replace

import numpy as np
import pytest

from inspector.core.map_style import MapStyle
from inspector.views.modes_view import ModesView
from tests.benchmarks.stepping import drawn_ms, large_scene

BAR_MS = 16
SCENE = large_scene()


@pytest.fixture
def view(qtbot):
    view = ModesView()
    qtbot.addWidget(view)
    view.resize(780, 690)
    with qtbot.waitExposed(view):
        view.show()
    view.show_scene(SCENE)
    return view


def modes(view):
    return [lambda n=n: view.show_scene(replace(SCENE, mode=n)) for n in range(1, 64)]


def heads(view):
    return [lambda n=n: view.show_scene(replace(SCENE, head=n % 12)) for n in range(1, 40)]


def opacities(view):
    return [lambda n=n: view.show_style(MapStyle(opacity=n / 40)) for n in range(40)]


def brightness(view):
    return [lambda n=n: view.show_style(MapStyle(dim=n / 40)) for n in range(40)]


@pytest.mark.parametrize("steps", [modes, heads, opacities, brightness])
def test_that_a_step_is_drawn_within_a_frame(view, steps):
    times = drawn_ms(steps(view))
    sys.stdout.write(f"\n{steps.__name__}: {np.median(times):.1f} ms, bar {BAR_MS} ms")
    assert np.median(times) < BAR_MS
