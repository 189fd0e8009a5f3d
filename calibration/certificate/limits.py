"""What a calibration must reach, and why: defaults here, others in a small TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from contract.errors import BadInputError
from contract.files import read_toml

Verdict = Literal["pass", "pass with remarks", "fail"]
ORDER: tuple[Verdict, ...] = ("pass", "pass with remarks", "fail")


class Limits(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Limits of a certificate.

    Attributes:
        error_pass_cm: median expected error in a zone up to here is good: the point stays under the person's own
            shoulders, about 50 cm wide.
        error_fail_cm: from here on it fails: whoever stands in front of a shop may be counted inside it, and two people
            who pass each other change places.
        worst_remark_cm: where the error somewhere in a zone is larger, that is remarked: one pace.
        person_px: smaller people are not reliably found; what a camera sees of them counts for nothing.
        zone_share: a camera that sees less of a zone says nothing about it.
        zone_own_share: only a zone that a camera sees this much of can make it fail; smaller parts are remarked.
        pairs_remark: fewer pairs hardly check one another: six numbers of pose and one of the lens take three and a
            half pairs.
        pairs_lens: fewer pairs cannot show what the lens bends.
        noise_remark: pairs that are off by so many times what a careful click (1 px) and measure (2 cm) give.
        suspect: a pair is suspect when it is off by so many standard deviations, along the direction in which the
            others leave most open: that befalls one right pair in thousands.
        suspect_cm: but no pair is suspect that is less off than that.
        agree_factor: cameras disagree when shared floor points differ by so many times what is expected.
        agree_cm: but not when they differ by less than that.
        in_use_factor: the calibration in use may miss the pairs by so many times what their noise explains;
        in_use_cm: or by this much, as a median.
        height_low_m: cameras hang above this,
        height_high_m: and below that; a plan with the wrong scale shows itself so.
    """

    error_pass_cm: float = 30.0
    error_fail_cm: float = 60.0
    worst_remark_cm: float = 100.0
    person_px: float = 24.0
    zone_share: float = 0.05
    zone_own_share: float = 0.25
    pairs_remark: int = 6
    pairs_lens: int = 8
    noise_remark: float = 2.5
    suspect: float = 4.0
    suspect_cm: float = 15.0
    agree_factor: float = 3.0
    agree_cm: float = 30.0
    in_use_factor: float = 3.0
    in_use_cm: float = 10.0
    height_low_m: float = 1.5
    height_high_m: float = 12.0

    def of_error(self, error_cm: float) -> Verdict:
        """The verdict on a median expected error."""
        if error_cm <= self.error_pass_cm:
            return "pass"
        return "pass with remarks" if error_cm <= self.error_fail_cm else "fail"


def load_limits(path: Path) -> Limits:
    """Limits of a TOML file; what it does not name keeps its default.

    Raises:
        BadInputError: naming the file, the field and the mend.
    """
    found = read_toml(path, Limits)
    for name in found.__struct_fields__:
        if not 0 <= getattr(found, name) < float("inf"):
            raise BadInputError(f"{path}: {name}: must be 0 or above, and finite; correct it")
    for low, high in (("error_pass_cm", "error_fail_cm"), ("height_low_m", "height_high_m")):
        if getattr(found, low) > getattr(found, high):
            raise BadInputError(f"{path}: {low} must not be above {high}; correct one of them")
    if found.zone_share > 1 or found.zone_own_share > 1:
        raise BadInputError(f"{path}: zone_share and zone_own_share are shares, 0 to 1; correct them")
    return found


def worst_of(verdicts: list[Verdict]) -> Verdict:
    """The worst of some verdicts; pass where there is none."""
    return max(verdicts, key=ORDER.index, default="pass")
