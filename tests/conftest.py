"""What every test shares: an offscreen display, isolated settings, and the real files if any."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.fonts=false")

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_DATA = Path(
    os.environ.get("VIT_INSPECTOR_SHARED_DATA", REPOSITORY.parent / "shared" / "data")
)


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the folder of real files {SHARED_DATA} is not here")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def isolated_user_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch) -> Path:
    """No test reads or writes the settings, recent files or logs of the person running it."""
    home = tmp_path_factory.mktemp("user")
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))
    monkeypatch.setenv("VIT_INSPECTOR_HOME", str(home))
    return home


def pytest_terminal_summary(terminalreporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    absent = [r for r in skipped if "folder of real files" in str(r.longrepr)]
    if absent:
        terminalreporter.section("NOT TESTED ON REAL FILES", red=True, bold=True)
        terminalreporter.write_line(
            f"{len(absent)} tests were skipped: {SHARED_DATA} is not here. "
            "Set VIT_INSPECTOR_SHARED_DATA to a folder that holds it."
        )
