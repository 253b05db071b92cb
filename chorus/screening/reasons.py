"""Why an image is not used: exactly one reason each."""

from enum import StrEnum


class Reason(StrEnum):
    """Reasons in the order of the cascade; the empty one means kept."""

    KEPT = ""
    NO_PERSON = "no person"
    SEVERAL_PEOPLE = "several people"
    NO_OBJECT = "no object"
    SEVERAL_OBJECTS = "several objects"
    NO_OVERLAP = "person and object do not overlap"
    TORSO_HIDDEN = "shoulders or hips not visible"
    NO_POSE = "no body pose found"
    POOR_POSE = "body pose not trusted"
    NOT_DRAWN = "not drawn"

    @property
    def usual_cause(self) -> str:
        """What it usually means when many images are lost to this reason; empty for kept ones."""
        return _USUAL_CAUSES.get(self, "")


_USUAL_CAUSES = {
    Reason.NO_PERSON: "pictures of the object alone, or a detector that misses people",
    Reason.SEVERAL_PEOPLE: "prompts or pictures that show company; ask for one person",
    Reason.NO_OBJECT: "an object that is hidden, out of the picture or unknown to the detector",
    Reason.SEVERAL_OBJECTS: "objects that come in numbers, or one object found in pieces",
    Reason.NO_OVERLAP: "prompts that name no contact; use a verb of touching",
    Reason.TORSO_HIDDEN: "close-ups of hands and faces, which some view suffixes ask for",
    Reason.NO_POSE: "people who are tiny or mostly out of the picture",
    Reason.POOR_POSE: "people whom the object or the picture's edge hides, so that their pose is a guess",
    Reason.NOT_DRAWN: "that screening.share or screening.without asks for fewer",
}
