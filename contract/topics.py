"""Topics: ``atrium/{site}/{floor}/{box}/{what}`` and ``.../cameras/{camera}/status``."""

from __future__ import annotations

from dataclasses import dataclass

from contract.errors import BadInputError
from contract.ids import check_id
from contract.messages import BY_WHAT

ROOT = "atrium"


@dataclass(frozen=True, slots=True)
class Topic:
    """A parsed topic; ``what`` is a key of the catalogue, ``camera`` is set for ``camera_status`` alone."""

    site: str
    floor: str
    box: str
    what: str
    camera: str = ""

    def __str__(self) -> str:
        tail = f"cameras/{self.camera}/status" if self.what == "camera_status" else self.what
        return f"{ROOT}/{self.site}/{self.floor}/{self.box}/{tail}"


def build_topic(site: str, floor: str, box: str, what: str, camera: str = "") -> str:
    """The topic's text.

    Raises:
        BadInputError: where an id or ``what`` is not legal, or a camera is missing or out of place.
    """
    for value, name in ((site, "site id"), (floor, "floor id"), (box, "box id")):
        check_id(value, name)
    if what not in BY_WHAT:
        raise BadInputError(f"no message {what!r}; use one of {', '.join(BY_WHAT)}")
    if (what == "camera_status") != bool(camera):
        raise BadInputError("a camera belongs to camera_status, and to it alone")
    if camera:
        check_id(camera, "camera id")
    return str(Topic(site, floor, box, what, camera))


def parse_topic(text: str) -> Topic:
    """The parts of a topic.

    Raises:
        BadInputError: where it is none of ours.
    """
    match text.split("/"):
        case [root, site, floor, box, "cameras", camera, "status"] if root == ROOT and camera:
            topic = Topic(site, floor, box, "camera_status", camera)
        case [root, site, floor, box, what] if root == ROOT and what in BY_WHAT and what != "camera_status":
            topic = Topic(site, floor, box, what)
        case _:
            raise BadInputError(f"topic {text[:200]!r} is none of ours: atrium/site/floor/box/what")
    build_topic(topic.site, topic.floor, topic.box, topic.what, topic.camera)
    return topic


def subscriptions(site: str, floor: str = "+", box: str = "+") -> tuple[str, ...]:
    """Filters that bring everything boxes of a site send."""
    base = f"{ROOT}/{site}/{floor}/{box}"
    plain = tuple(f"{base}/{what}" for what in BY_WHAT if what not in {"camera_status", "commands"})
    return (*plain, f"{base}/cameras/+/status")
