"""What every test shares: one compilation of the mechanisms, no section left behind, named skips."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

import hypothesis
import pytest

os.environ.setdefault("MPLBACKEND", "Agg")
hypothesis.settings.register_profile(
    "dendplast", deadline=None, max_examples=25, derandomize=bool(os.environ.get("CI"))
)
hypothesis.settings.load_profile("dendplast")


def pytest_configure(config: pytest.Config) -> None:
    """Give the session a mechanism cache of its own, unless the environment names one."""
    os.environ.pop("DENDPLAST_MECHANISMS", None)
    if "DENDPLAST_CACHE" not in os.environ:
        folder = os.environ["DENDPLAST_CACHE"] = tempfile.mkdtemp(prefix="dendplast-test-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.fixture(scope="module", autouse=True)
def _old_objects_are_left_alone():
    """Freeze what is there before a file's first test: each test collects twice, and libraries take 0.1 s each time."""
    gc.collect()  # whatever an earlier file left goes now, or it would stay
    gc.freeze()


@pytest.fixture(autouse=True)
def no_section_left():
    """Fail a test that leaves NEURON sections behind; does not import NEURON for those without it."""
    before = _section_count()
    yield
    # Fewer is fine: those that the traceback of a failed test kept alive may have gone.
    assert _section_count() <= before, "the test left NEURON sections behind"


def _section_count() -> int:
    if "neuron" not in sys.modules:
        return 0
    gc.collect()  # sections in reference cycles die only here
    return sum(1 for _ in sys.modules["neuron"].h.allsec())


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real reconstructions and raw tables, or skip."""
    named = os.environ.get("DENDPLAST_SHARED")
    if not named:
        pytest.skip("DENDPLAST_SHARED is not set")
    folder = Path(named)
    assert folder.is_dir(), f"DENDPLAST_SHARED = {named}: is no folder"
    return folder


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the checkout that these tests lie in."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture
def loaded():
    """Return the loaded mechanisms."""
    from dendplast.mechanisms import ensure_loaded

    return ensure_loaded()
