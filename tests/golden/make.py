"""Write one small file of every kind, as the current program writes it: `python -m tests.golden.make`.

Once a format version is released its folder never changes again: a later program must read it, or refuse it in one
sentence. Before that, a change of a layout means running this again.
"""

from pathlib import Path

import numpy as np

from chorus import store
from chorus.formats import FORMATS
from chorus.layout import FORMAT_VERSION, TEXT

FOLDER = Path(__file__).with_name(f"v{FORMAT_VERSION}")
LENGTHS = {"image": 2, "detection": 3, "span": 4, "byte": 16, "voxel": 4, "group": 2, "bin": 12}


def arrays(kind: str) -> dict[str, np.ndarray]:
    """Counting numbers in every array of a kind."""
    made = {}
    for name, item in FORMATS[kind].datasets.items():
        shape = [
            int(dim) if dim.isdigit() else LENGTHS.get(dim.removesuffix("+1"), 2) + dim.endswith("+1")
            for dim in item.dims
        ]
        count = np.arange(np.prod(shape, dtype=int)).reshape(shape)
        made[name] = np.char.add("ü", count.astype(str)) if item.dtype == TEXT else (count % 100).astype(item.dtype)
    return made


def main() -> None:
    """Write the folder of the current version."""
    for kind, layout in FORMATS.items():
        attributes = {name: f"{name} ä" for name in layout.attributes}
        store.write_recorded(FOLDER / f"{kind}.h5", store.encode_arrays(kind, arrays(kind), attributes), {"kind": kind})


if __name__ == "__main__":
    main()
