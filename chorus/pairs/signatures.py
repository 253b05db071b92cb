"""Contact signatures of FlickrCI3D and CHI3D (Fieraru et al.): their json, and the photographs beside it, if any.

Per image the json has `bbxes` ([x0, y0, x1, y1] of every person) and `ci_sign`, a list of {`person_ids`: [a, b],
`smplx` or `ghum`: {`region_id`: [[i, j], ...]}} where i and j number 75 regions of person a and b. Their regions are
named, not placed: each becomes the coarse part of ours that its name says. The data need a licence; none is here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chorus.body.regions import PARTS
from chorus.errors import FileError

# Names of regions 0..74 as published.
REGION_NAMES: tuple[str, ...] = (
    "left upper belly", "left foot", "back left shoulder", "left fingers", "front right upper belly",
    "front left forearm", "back right upper arm", "right upper chest", "back right forearm", "right butt",
    "right back", "back left elbow", "back right knee", "right middle back", "back left neck",
    "back left upper thigh", "front right knee", "left hand", "back right lower leg", "front right upper thigh",
    "front left lower thigh", "back left lower leg", "front right shin", "right palm", "back right elbow",
    "front left shin", "right fingers", "right hand", "back right lower thigh", "back right shoulder",
    "back left knee", "front right shoulder", "front right forearm", "left fingers", "back left elbow",
    "left middle back", "back right shin", "front right upper arm", "right upper back", "back left skull",
    "right fingers", "left upper back", "right foot", "back right neck", "front right elbow",
    "front left upper thigh", "front right upper thigh", "front right neck", "left lower back",
    "front left upper arm", "front pelvis", "front right skull", "back right skull", "back left lower thigh",
    "front left neck", "back right upper thigh", "back left shin", "back left upper arm", "right upper chest",
    "left upper chest", "front left lower leg", "left lower chest", "front right lower leg", "right upper back",
    "front left knee", "right foot", "front left skull", "left foot", "right lower belly", "back left forearm",
    "left upper back", "left butt", "left palm", "front left shoulder", "left lower belly",
)  # fmt: skip

# The last words of a name -> our noun; the first that fits counts. Knees belong to the calf, elbows to the forearm.
_NOUNS: tuple[tuple[str, str], ...] = (
    ("upper arm", "upper_arm"), ("forearm", "forearm"), ("elbow", "forearm"), ("shoulder", "shoulder"),
    ("fingers", "hand"), ("palm", "hand"), ("hand", "hand"), ("thigh", "thigh"), ("knee", "calf"), ("shin", "calf"),
    ("lower leg", "calf"), ("foot", "foot"), ("butt", "buttock"), ("belly", "stomach"), ("chest", "chest"),
    ("pelvis", "hips"), ("skull", "head"), ("neck", "neck"), ("upper back", "upper_back"), ("back", "lower_back"),
)  # fmt: skip
MAX_BYTES = 2**28


def part_of(region: str) -> str:
    """Our coarse part of one of their names: `left_hand` for `left fingers`.

    Raises:
        FileError: no part of ours has such a name.
    """
    for ending, noun in _NOUNS:
        if region.endswith(ending):
            side = next((side for side in ("left", "right") if side in region.split()), "")
            return f"{side}_{noun}" if f"{side}_{noun}" in PARTS else noun
    raise FileError(f"contact signature: region {region!r} is none of the 75 published names; check the file.")


COARSE_PARTS: tuple[str, ...] = tuple(map(part_of, REGION_NAMES))


@dataclass(frozen=True)
class SignedPair:
    """Two people of a photograph with annotated contact.

    Attributes:
        image: name without ending, as the json has it.
        photograph: its file, if a folder was given.
        boxes: (2, 4) x0, y0, x1, y1 in pixels of the two people.
        regions: pairs of their region numbers (of person 1, of person 2).
        contacts: the same as coarse parts of ours, each pair once.
    """

    image: str
    photograph: Path | None
    boxes: np.ndarray
    regions: tuple[tuple[int, int], ...]
    contacts: tuple[tuple[str, str], ...]


def read_signatures(path: Path, photographs: Path | None = None) -> list[SignedPair]:
    """All annotated pairs of a signature json, in the order of their images.

    Args:
        photographs: folder of {image}.png or .jpg; pairs without a photograph there are left out.

    Raises:
        FileError: missing, too large, or not of the published form.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileError(f"{path}: has more than {MAX_BYTES >> 20} MB; no signature file has; check the path.")
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise FileError(f"{path}: no such file; give interaction_contact_signature.json.") from None
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path}: is not JSON ({error}); give interaction_contact_signature.json.") from None
    pairs: list[SignedPair] = []
    try:
        for image, found in sorted(value.items()):
            photograph = _photograph(photographs, image)
            if photographs is None or photograph is not None:
                pairs += [_pair(image, photograph, found["bbxes"], item) for item in found["ci_sign"]]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise FileError(f"{path}: is not in the published form (problem at {error!r}); check the file.") from None
    return pairs


def _pair(image: str, photograph: Path | None, boxes: Any, item: Any) -> SignedPair:
    first, second = (int(person) for person in item["person_ids"])
    if min(first, second) < 0:
        raise ValueError("a person number is negative")
    surface = item.get("smplx") or item["ghum"]
    regions = tuple((int(a), int(b)) for a, b in surface["region_id"])
    if any(not 0 <= number < len(REGION_NAMES) for pair in regions for number in pair):
        raise ValueError("a region number is not in 0..74")
    both = np.array([boxes[first], boxes[second]], float)
    if both.shape != (2, 4) or not np.isfinite(both).all():
        raise ValueError("a box has not four numbers")
    contacts = tuple(dict.fromkeys((COARSE_PARTS[a], COARSE_PARTS[b]) for a, b in regions))
    return SignedPair(image, photograph, both, regions, contacts)


def _photograph(folder: Path | None, image: str) -> Path | None:
    if folder is None:
        return None
    if Path(image).name != image:
        raise ValueError("an image name is a path")
    found = (folder / f"{image}{ending}" for ending in (".png", ".jpg", ".jpeg"))
    return next((path for path in found if path.is_file()), None)
