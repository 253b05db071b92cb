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
