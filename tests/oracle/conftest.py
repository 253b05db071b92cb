"""Inputs and outputs of the original code (../shared/oracle beside the repository), read once per session."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.reference.body import Body, load_body
from tests.reference.votes import Canonical, Scene, View, canonical

ORACLE = Path(__file__).resolve().parents[2].parent / "shared" / "oracle"


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """The reference is defined, and timed, on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def oracle() -> Path:
    """Folder of the oracle's files."""
    if not ORACLE.is_dir():
        pytest.skip(f"no oracle: {ORACLE} is not there")
    return ORACLE


@pytest.fixture(scope="session")
def body(oracle: Path) -> Body:
    """The oracle's body, for the reference."""
    return load_body(oracle / "body_model.npz")


@pytest.fixture(scope="session")
def units(oracle: Path) -> dict[str, np.ndarray]:
    """Small cases, one group of arrays for each subject."""
    return read(oracle / "units.npz")


@pytest.fixture(scope="session")
def aggregation(oracle: Path) -> dict[str, np.ndarray]:
    """40 images, their votes and the canonical skinning field."""
    return read(oracle / "aggregation_quant_40.npz")


@pytest.fixture(scope="session")
def pap_cases(oracle: Path) -> dict[str, np.ndarray]:
    """Five test images and everything PAP made of them."""
    return read(oracle / "pap_5cases.npz")


@pytest.fixture(scope="session")
def camera_fits(oracle: Path) -> dict[str, np.ndarray]:
    """14 camera fits."""
    return read(oracle / "camera_fit.npz")


@pytest.fixture(scope="session")
def space(body: Body, aggregation: dict[str, np.ndarray]) -> Canonical:
    """The canonical grid with the oracle's own skinning field."""
    return canonical(body, torch.from_numpy(aggregation["lbs_weight_grid"]))


@pytest.fixture(scope="session")
def scenes(aggregation: dict[str, np.ndarray]) -> list[Scene]:
    """The 40 images of the aggregation with the oracle's weights."""
    a = {key: torch.from_numpy(aggregation[key]) for key in ("pose", "cam_R", "cam_t", "cam_K", "mask")}
    views = [View(*parts) for parts in zip(a["cam_R"], a["cam_t"], a["cam_K"], strict=True)]
    weights = aggregation["camera_weight"].tolist()
    return [Scene(*parts) for parts in zip(a["pose"], views, a["mask"], weights, strict=True)]


def read(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a file."""
    with np.load(path) as file:
        return {key: file[key] for key in file.files}
