"""Shared by all tests: hypothesis without chance, so that a run tells the same story every time."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from chorus.body.loading import load_body
from chorus.body.model import BodyModel

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=100, database=None)
settings.load_profile("ci")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def open_body() -> BodyModel:
    """The open body of this repository, read once."""
    return load_body(ROOT / "resources/body/open_body.npz")


@pytest.fixture
def rng() -> np.random.Generator:
    """Numbers that are the same in every run."""
    return np.random.default_rng(0)
