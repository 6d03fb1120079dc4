"""How soon another token, head or model is on the screen in the tab of attention.

Run explicitly: ``pytest tests/benchmarks/test_attention_stepping.py -s``. Prints one line each:
name, ours, bar. Times are of the wall: measure on a machine that does nothing else.
"""

import sys

from tests.benchmarks.test_stepping import FRAME_MS, SETUP, _run, files

__all__ = ["files"]

PAINTED = """
from inspector.views import attention_pictures

class PaintedTokens(attention_pictures.TokenPicture):
    def draw_over(self, painter):
        super().draw_over(painter)
        painted.append(self)

attention_pictures.TokenPicture = PaintedTokens
application = Application([])
"""
STEPS = """
window.show_tab("attention")
wait(settled)
overlay = window.attention.overlay.picture
overlay.setFocus()

def drawn(key, changed, held=Qt.KeyboardModifier.NoModifier):
    before = changed()
    painted.clear()
    began = time.perf_counter()
    QTest.keyClick(overlay, key, held)
    while overlay not in painted and time.perf_counter() - began < 5:
        application.processEvents()
    assert overlay in painted, key
    took = time.perf_counter() - began
    wait(settled)
    assert changed() != before, key
    return 1000 * took

def title():
    return window.attention.title.text()

def key_token():
    return session.selection.key

def report(name, times):
    print(name, statistics.median(times), max(times))

way = [Qt.Key.Key_Right] * 6 + [Qt.Key.Key_Down] * 6 + [Qt.Key.Key_Left] * 9 + [Qt.Key.Key_Up] * 9
report("token", [drawn(key, title) for key in way])
report("head", [drawn(Qt.Key.Key_BracketRight, title) for _ in range(30)])
session.select(replace(session.selection, token=106, key=106))
wait(settled)
report("pair", [drawn(key, key_token, Qt.KeyboardModifier.ControlModifier) for key in way])
report("flicker", [drawn(Qt.Key.Key_Space, title) for _ in range(30)])
window.close()
program.finish()
"""


def test_that_a_step_of_token_head_pair_and_model_is_drawn_within_a_frame(
    repository, tmp_path, files
):
    setup = SETUP.replace("application = Application([])\n", PAINTED)
    printed = _run(setup + STEPS, repository, tmp_path, *files)
    medians = {}
    for line in printed.splitlines():
        name, median, longest = line.split()
        medians[name] = float(median)
        sys.stdout.write(f"\n{name}: median {float(median):.1f} ms, ")
        sys.stdout.write(f"longest {float(longest):.1f} ms, bar {FRAME_MS} ms")
    sys.stdout.write("\n")
    assert set(medians) == {"token", "head", "pair", "flicker"}
    assert max(medians.values()) < FRAME_MS
