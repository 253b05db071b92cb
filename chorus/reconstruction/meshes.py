"""Person and object as files for other programs: GLB and OBJ."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import trimesh
from trimesh.visual.material import PBRMaterial

from chorus import store
from chorus.camera import Camera
from chorus.reconstruction.surface import Surface

# glTF's axes: x right, y up, z towards the viewer; the camera's are x right, y down, z away.
_TO_VIEWER = np.array([1.0, -1.0, -1.0])
COLOURS = {"person": (0.62, 0.66, 0.72), "object": (0.80, 0.20, 0.06)}  # linear RGB


def in_view(surface: Surface, camera: Camera) -> Surface:
    """A surface of the body frame as the photograph shows it: metres around the camera, y up, z towards the viewer."""
    return Surface((surface.vertices @ camera.R.T + camera.t) * _TO_VIEWER, surface.faces)


def write_meshes(surfaces: Mapping[str, Surface], glb: Path, obj: Path) -> None:
    """Write surfaces, by the names of COLOURS, as one GLB and one OBJ; equal surfaces give equal bytes.

    Raises:
        FileError: a file cannot be written.
    """
    scene = trimesh.Scene()
    for name, surface in surfaces.items():
        mesh = trimesh.Trimesh(surface.vertices, surface.faces, process=False)
        material = PBRMaterial(
            name=name, baseColorFactor=[*COLOURS[name], 1.0], metallicFactor=0.0, roughnessFactor=0.8
        )
        mesh.visual = trimesh.visual.TextureVisuals(material=material)
        scene.add_geometry(mesh, node_name=name, geom_name=name)
    store.write_bytes(glb, scene.export(file_type="glb"))
    store.write_bytes(obj, _obj(surfaces))


def _obj(surfaces: Mapping[str, Surface]) -> bytes:
    lines, first = [], 1
    for name, surface in surfaces.items():
        lines.append(f"o {name}")
        lines += [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in surface.vertices]
        lines += [f"f {a} {b} {c}" for a, b, c in surface.faces + first]
        first += len(surface.vertices)
    return ("\n".join(lines) + "\n").encode()
