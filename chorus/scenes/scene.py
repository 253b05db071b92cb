"""A scene is everything about one picture: who, what, from where; a photograph is what a camera makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from chorus.body.model import COCO_KEYPOINTS, N_BETAS, BodyModel
from chorus.camera import Camera
from chorus.masks import box_of
from chorus.prompts.views import View
from chorus.scenes.appearance import Backdrop, Outfit, draw_backdrop, draw_outfit, dress
from chorus.scenes.interactions import BETA_SPREAD, draw
from chorus.scenes.mannequin import Mannequin
from chorus.scenes.placing import stand
from chorus.scenes.render import Picture, picture
from chorus.scenes.solids import SceneObject, TriangleMesh, moved, turning_y_to
from chorus.scenes.views import draw_camera

SOLE_BELOW_LOWEST_JOINT = 0.05  # metres
IMAGE_SIZE = 512  # pixels, width and height

# Shares of the situations; the unusual ones give every screen of the cascade work.
SITUATIONS = {"normal": 0.86, "no_person": 0.05, "no_object": 0.05, "two_people": 0.04}

# A keypoint is hidden if a surface lies this much (metres) before it: keypoints of the face lie on the skin, those
# of the limbs as deep inside as the limb is thick.
_DEPTH_INSIDE = np.array(
    [0.05] * 3 + [0.09] * 2 + [0.13] * 2 + [0.09] * 2 + [0.08] * 2 + [0.17] * 2 + [0.11] * 2 + [0.09] * 2
)
_SHOULDERS = [COCO_KEYPOINTS.index("left_shoulder"), COCO_KEYPOINTS.index("right_shoulder")]
_HIPS = [COCO_KEYPOINTS.index("left_hip"), COCO_KEYPOINTS.index("right_hip")]


@dataclass(frozen=True)
class SceneRequest:
    """What to draw: category, interaction, view and the share of each situation (keys of SITUATIONS).

    `mesh` is a user's object instead of the parametric one.
    """

    category: str
    interaction: str
    view: View
    shares: Mapping[str, float] = field(default_factory=lambda: SITUATIONS)
    mesh: SceneObject | None = None
    size: int = IMAGE_SIZE


@dataclass(frozen=True)
class Bystander:
    """A second person: pose (24, 3), betas (10,) and the (4, 4) rigid transform of that body into the scene."""

    pose: np.ndarray
    betas: np.ndarray
    transform: np.ndarray


@dataclass(frozen=True)
class Scene:
    """One scene with everything known about it, in the (first) person's body frame.

    Attributes:
        request: what was asked for.
        situation: key of SITUATIONS; `no_person` and `no_object` leave the person or the object out of the picture.
        pose: (24, 3) axis-angle, radians, root zero.
        betas: (10,).
        object: the object.
        upright: (4, 4) turn of the body frame that brings the sky to +y; the identity unless the person lies.
        camera: body frame to pixels.
        bystander: the second person, in situation two_people.
        outfits: clothes of the person and of a bystander.
        backdrop: ground, background, light.
    """

    request: SceneRequest
    situation: str
    pose: np.ndarray
    betas: np.ndarray
    object: SceneObject
    upright: np.ndarray
    camera: Camera
    bystander: Bystander | None
    outfits: tuple[Outfit, Outfit]
    backdrop: Backdrop

    @property
    def image_size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.request.size, self.request.size

    @property
    def has_person(self) -> bool:
        return self.situation != "no_person"

    @property
    def has_object(self) -> bool:
        return self.situation != "no_object"


@dataclass(frozen=True)
class Photograph:
    """A picture of a scene with its annotations.

    Attributes:
        image: (H, W, 3) uint8.
        person_masks: (k, H, W) bool, visible pixels of each person, the scene's own person first.
        object_mask: (H, W) bool, visible pixels; disjoint from the people.
        keypoints: (k, 17, 3) COCO order: x, y in pixels and 2 = visible, 1 = hidden, 0 = outside (then x = y = 0).
        person_boxes: (k, 4) x0, y0, x1, y1 of the visible pixels; zeros if there are none.
        object_box: (4,) likewise.
        torso_visible: whether a shoulder and a hip of the first person lie inside the picture.
    """

    image: np.ndarray
    person_masks: np.ndarray
    object_mask: np.ndarray
    keypoints: np.ndarray
    person_boxes: np.ndarray
    object_box: np.ndarray
    torso_visible: bool


def draw_scene(request: SceneRequest, body: BodyModel, rng: np.random.Generator) -> Scene:
    """Draw a scene; the same generator state gives the same scene.

    Raises:
        ConfigError: for a category or interaction without a template.
    """
    situation = str(rng.choice(list(SITUATIONS), p=[request.shares[name] for name in SITUATIONS]))
    placement = draw(request.category, request.interaction, rng, body, request.mesh)
    upright = np.eye(4)
    upright[:3, :3] = turning_y_to(np.array(placement.sky)).as_matrix().T
    joints = moved(upright, body.joints(placement.pose[None], placement.betas)[0])
    bounds = placement.object.transformed(upright).bounds()
    camera = draw_camera(request.view, joints, bounds if situation != "no_object" else None, rng, request.size)
    ground = min(joints[:, 1].min() - SOLE_BELOW_LOWEST_JOINT, bounds[0, 1])
    return Scene(
        request=request,
        situation=situation,
        pose=placement.pose,
        betas=placement.betas,
        object=placement.object,
        upright=upright,
        camera=Camera(camera.K, camera.R @ upright[:3, :3], camera.t),
        bystander=_draw_bystander(body, ground, upright, rng) if situation == "two_people" else None,
        outfits=(draw_outfit(rng), draw_outfit(rng)),
        backdrop=draw_backdrop(rng),
    )


def photograph(scene: Scene, body: BodyModel) -> Photograph:
    """Render a scene and annotate what the picture shows."""
    people, keypoints = _people(scene, body)
    meshes = [*people, scene.object.mesh()] if scene.has_object else people
    shot = _upright_picture(meshes, scene)
    person_masks = np.array([shot.owner == index for index in range(len(people))], bool).reshape(-1, *scene.image_size)
    object_mask = (shot.owner == len(people)) if scene.has_object else np.zeros(scene.image_size, bool)
    annotated = [_annotated(points, index, scene, shot) for index, points in enumerate(keypoints)]
    inside = np.array(annotated).reshape(-1, len(COCO_KEYPOINTS), 3)
    return Photograph(
        image=shot.image,
        person_masks=person_masks,
        object_mask=object_mask,
        keypoints=inside,
        person_boxes=np.array([box_of(mask) for mask in person_masks]).reshape(-1, 4),
        object_box=box_of(object_mask),
        torso_visible=bool(len(inside) and inside[0, _SHOULDERS, 2].any() and inside[0, _HIPS, 2].any()),
    )


def _upright_picture(meshes: list[TriangleMesh], scene: Scene) -> Picture:
    """The picture of meshes of the body frame, drawn where the ground is below: a person who lies is laid down."""
    camera = Camera(scene.camera.K, scene.camera.R @ scene.upright[:3, :3].T, scene.camera.t)
    return picture([mesh.transformed(scene.upright) for mesh in meshes], camera, scene.backdrop, scene.image_size)


def _people(scene: Scene, body: BodyModel) -> tuple[list[TriangleMesh], list[np.ndarray]]:
    """Dressed meshes and COCO keypoints (17, 3) in the scene of everyone in the picture."""
    present: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    if scene.has_person:
        present.append((scene.pose, scene.betas, np.eye(4)))
    if scene.bystander is not None:
        present.append((scene.bystander.pose, scene.bystander.betas, scene.bystander.transform))
    meshes, keypoints = [], []
    for (pose, betas, transform), outfit in zip(present, scene.outfits, strict=False):
        vertices = moved(transform, body.vertices(pose[None], betas)[0])
        meshes.append(TriangleMesh(vertices, body.faces, dress(body, outfit)))
        keypoints.append(moved(transform, body.coco_keypoints(pose[None], betas)[0]))
    return meshes, keypoints


def _annotated(points: np.ndarray, person: int, scene: Scene, shot: Picture) -> np.ndarray:
    """COCO rows (17, 3) of keypoints (17, 3) of the scene: position in pixels and visibility."""
    pixels, depth = scene.camera.project(points)
    height, width = scene.image_size
    inside = (depth > 0) & (pixels >= 0).all(axis=1) & (pixels[:, 0] < width) & (pixels[:, 1] < height)
    column, row = np.floor(np.where(inside[:, None], pixels, 0.0)).astype(int).T
    unhidden = (shot.owner[row, column] == person) & (shot.depth[row, column] > depth - _DEPTH_INSIDE)
    visibility = np.where(inside, np.where(unhidden, 2.0, 1.0), 0.0)
    return np.concatenate([np.where(inside[:, None], pixels, 0.0), visibility[:, None]], axis=1)


def _draw_bystander(body: BodyModel, ground: float, upright: np.ndarray, rng: np.random.Generator) -> Bystander:
    """Someone standing 0.8 to 1.4 m from the person, facing anywhere; `ground` is a height where `upright` leads."""
    betas = rng.normal(0.0, BETA_SPREAD, N_BETAS)
    mannequin = Mannequin(body, betas)
    stand(mannequin, rng, step=rng.normal(0.0, 8.0))
    around, distance, facing = rng.uniform(0.0, 2 * np.pi), rng.uniform(0.8, 1.4), rng.uniform(0.0, 2 * np.pi)
    transform = np.eye(4)
    transform[:3, :3] = [[np.cos(facing), 0, np.sin(facing)], [0, 1, 0], [-np.sin(facing), 0, np.cos(facing)]]
    transform[:3, 3] = [distance * np.cos(around), ground - mannequin.sole_height(), distance * np.sin(around)]
    return Bystander(mannequin.pose, betas, upright.T @ transform)
