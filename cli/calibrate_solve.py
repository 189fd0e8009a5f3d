"""`atrium calibrate solve PAIRS.csv --size W H --out CAMERA.json`: pairs of pixel and floor point to one camera."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from calibration.lens import Kind
    from calibration.solve.fit import Evidence
    from calibration.solve.pairs import Pairs
    from calibration.solve.solution import Solution
    from calibration.solve.start import Intrinsics

BOARD_FPS, MOST_PICTURES = 2.0, 240
"""A board's clip is looked at so often a second, and no longer than that."""


class Lens(StrEnum):
    """Which lens model."""

    auto = "auto"
    brown = "brown"
    fisheye = "fisheye"

    @property
    def kind(self) -> Kind | None:
        """The model, None where the data choose."""
        return None if self is Lens.auto else "brown" if self is Lens.brown else "fisheye"


def solve(
    pairs: Annotated[
        Path | None, typer.Argument(metavar="PAIRS.csv", help="Columns u,v,x,y: pixels, floor metres; one pair a line.")
    ] = None,
    size: Annotated[tuple[int, int], typer.Option(help="Width and height of the camera's picture, pixels.")] = (0, 0),
    out: Annotated[Path, typer.Option(help="The camera, an entry of cameras.json.")] = Path("camera.json"),
    name: Annotated[str, typer.Option(help="The camera's id.")] = "camera",
    lens: Annotated[Lens, typer.Option(help="Lens model; auto takes what the pairs say.")] = Lens.auto,
    intrinsics: Annotated[
        Path | None, typer.Option(help="A lens measured before: cameras.json, OpenCV, ROS, or TOML of a data sheet.")
    ] = None,
    lines: Annotated[
        Path | None, typer.Option(help="Straight edges traced in the picture: CSV line,u,v in pixels.")
    ] = None,
    uprights: Annotated[
        Path | None, typer.Option(help="Posts: CSV foot_u,foot_v,top_u,top_v in pixels and perhaps height_m.")
    ] = None,
    tags: Annotated[
        Path | None, typer.Option(help="A picture of this camera with AprilTags 36h11 on the floor.")
    ] = None,
    tag_map: Annotated[
        Path | None, typer.Option(help="Where the tags lie: CSV id,x,y,heading,size in metres and degrees.")
    ] = None,
    tag_m: Annotated[
        float | None, typer.Option(help="Side of the tags' black squares, metres, where nobody measured their places.")
    ] = None,
    board: Annotated[
        Path | None, typer.Option(help="A clip or a folder of stills of this camera with a board held into it.")
    ] = None,
    squares: Annotated[
        str, typer.Option(help="Inner corners of the checkerboard; squares of a ChArUco board.")
    ] = "9x6",
    square_m: Annotated[float, typer.Option(help="Side of one square of the board, metres.")] = 0.03,
    marker_m: Annotated[
        float | None, typer.Option(help="Side of a marker (DICT_5X5_1000) of a ChArUco board, metres.")
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(help="The plan's picture, where x,y of the pairs are its pixels, and not metres.")
    ] = None,
    distance: Annotated[
        list[str] | None, typer.Option(help="U1,V1,U2,V2,METRES: measured between two points of the plan; give two.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object of figures instead of sentences.")] = False,
) -> None:
    """Find a camera's lens and pose from points whose place on the floor is known.

    Four pairs are the least, eight or more show how good the result is. Pairs that the others contradict are left out
    and named. The distances told are leave-one-out: what all other pairs say of that pixel.
    """
    import json  # noqa: PLC0415 - numpy and numba load only when the command runs

    from calibration.solve.remarks import remarks  # noqa: PLC0415
    from calibration.solve.solver import solve as solved  # noqa: PLC0415
    from contract.errors import BadInputError  # noqa: PLC0415
    from contract.ids import check_id  # noqa: PLC0415

    check_id(name, "--name")
    if min(size) < 1:
        raise typer.BadParameter("give the picture's width and height, such as --size 1920 1080", param_hint="--size")
    if intrinsics is not None and board is not None:
        raise BadInputError("--intrinsics and --board both give the lens; leave one out")
    known, said = _known(intrinsics, board, (squares, square_m, marker_m), size, lens)
    found, source, more, evidence = _pairs(pairs, tags, tag_map, tag_m, size)
    said += more
    if plan is not None:
        found, told = _off_plan(found, plan, distance or [])
        said += told
    solution = solved(
        found,
        size,
        name,
        lens=lens.kind,
        known=known,
        evidence=[*evidence, *_evidence(lines, uprights, size)],
        source=source,
    )
    said += remarks(solution, size)
    _write(solution, out)
    if as_json:
        typer.echo(json.dumps(_figures(solution, said)))
    else:
        _tell(solution, said, out)


def _known(
    intrinsics: Path | None,
    board: Path | None,
    printed: tuple[str, float, float | None],
    size: tuple[int, int],
    lens: Lens,
) -> tuple[Intrinsics | None, list[str]]:
    if intrinsics is not None:
        from calibration.evidence.intrinsics import fitting, read_intrinsics  # noqa: PLC0415

        return fitting(read_intrinsics(intrinsics), size, str(intrinsics)), []
    if board is None:
        return None, []
    import random  # noqa: PLC0415
    from itertools import islice  # noqa: PLC0415

    from calibration.evidence.boards import lens_from_board  # noqa: PLC0415
    from calibration.evidence.intrinsics import fitting  # noqa: PLC0415
    from contract.errors import BadInputError  # noqa: PLC0415
    from edge.capture.live import LiveCamera  # noqa: PLC0415
    from edge.capture.source import open_source  # noqa: PLC0415

    opened = open_source(str(board), "board", rng=random.Random(0))  # noqa: S311 - nothing here is random
    if isinstance(opened, LiveCamera):
        raise BadInputError(f"--board {board}: give a clip or a folder of stills, not a live source")
    frames = opened.frames(None if board.is_dir() else BOARD_FPS)
    shown = (frame.image for frame in islice(frames, MOST_PICTURES))
    found = lens_from_board(shown, _board(*printed), lens.kind, str(board))
    sure = ", ".join(f"{term} +-{value:.3g}" for term, value in found.deviation.items())
    said = [
        f"the board gives a {found.intrinsics.lens} lens from {found.views} views, {found.rms_px:.2f} px rms: {sure}"
    ]
    return fitting(found.intrinsics, size, str(board)), said


def _board(squares: str, square_m: float, marker_m: float | None) -> Any:
    from calibration.evidence.boards import Board  # noqa: PLC0415

    sides = squares.lower().split("x")
    if len(sides) != 2 or not all(side.isdigit() and 2 < int(side) < 60 for side in sides):
        raise typer.BadParameter("must be columns x rows, such as 9x6", param_hint="--squares")
    if not square_m > 0 or (marker_m is not None and not 0 < marker_m < square_m):
        raise typer.BadParameter("square and marker must be above 0, the marker the smaller", param_hint="--square-m")
    return Board(int(sides[0]), int(sides[1]), square_m, marker_m)


def _pairs(
    pairs: Path | None, tags: Path | None, tag_map: Path | None, tag_m: float | None, size: tuple[int, int]
) -> tuple[Pairs, str, list[str], list[Evidence]]:
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    from calibration.evidence.tags import LooseTags, find_tags, loose_pairs, read_tags, tag_pairs  # noqa: PLC0415
    from calibration.solve.pairs import Pairs, read_pairs  # noqa: PLC0415
    from contract.errors import BadInputError  # noqa: PLC0415

    clicked = read_pairs(pairs) if pairs is not None else None
    if tags is None:
        if clicked is None or pairs is None:
            raise BadInputError("no pairs: give PAIRS.csv, or --tags and --tag-map")
        return clicked, str(pairs), [], []
    if tag_map is None and not (tag_m is not None and tag_m > 0):
        raise BadInputError(
            f"{tags}: --tag-map must say where the tags lie (CSV id,x,y,heading,size), or --tag-m how large"
        )
    image = cv2.imread(str(tags))
    if image is None:
        raise BadInputError(f"{tags}: not a readable picture; correct the path or convert it to JPEG or PNG")
    if (image.shape[1], image.shape[0]) != size:
        raise BadInputError(f"{tags}: is {image.shape[1]} x {image.shape[0]} px, not --size {size[0]} {size[1]}")
    seen = find_tags(image)
    if tag_map is None:
        if clicked is None:
            found, others = loose_pairs(seen, tag_m or 0.0)
            return found.pairs, str(tags), list(found.remarks), [others]
        every = np.array(list(seen.corners_px.values())).reshape(-1, 4, 2)
        return clicked, str(pairs), [f"{len(every)} tags of known size count"], [LooseTags(every, tag_m or 0.0)]
    found = tag_pairs(seen, read_tags(tag_map), str(tags))
    told = [f"pairs {4 * k + 1} to {4 * k + 4} are tag {tag}" for k, tag in enumerate(found.names[::4])]
    if clicked is None:
        return found.pairs, str(tags), [*told, *found.remarks], []
    both = Pairs(
        np.concatenate([clicked.pixel_px, found.pairs.pixel_px]), np.concatenate([clicked.floor_m, found.pairs.floor_m])
    )
    first = len(clicked)
    told = [f"pairs {first + 4 * k + 1} to {first + 4 * k + 4} are tag {tag}" for k, tag in enumerate(found.names[::4])]
    return both, f"{pairs} and {tags}", [*told, *found.remarks], []


def _off_plan(pairs: Pairs, plan: Path, distances: list[str]) -> tuple[Pairs, list[str]]:
    """The pairs in metres, from the plan's pixels: it may be stretched, two distances tell."""
    import numpy as np  # noqa: PLC0415

    from calibration.solve.pairs import Pairs  # noqa: PLC0415
    from calibration.zones.plan import import_plan  # noqa: PLC0415
    from calibration.zones.plan_scale import scale_from  # noqa: PLC0415
    from cli.calibrate_zones import measured_distance  # noqa: PLC0415
    from contract.errors import BadInputError  # noqa: PLC0415

    if len(distances) != 2:
        raise BadInputError(f"{plan}: give two --distance, one along the plan and one across it")
    scale = scale_from(*map(measured_distance, distances))
    high = import_plan(plan).size_px[1]
    up = np.column_stack([pairs.floor_m[:, 0], high - pairs.floor_m[:, 1]])
    return Pairs(pairs.pixel_px, up * [scale.x_m, scale.y_m]), [each.message for each in scale.findings]


def _evidence(lines: Path | None, uprights: Path | None, size: tuple[int, int]) -> list[Evidence]:
    from calibration.evidence.lines import read_lines  # noqa: PLC0415
    from calibration.evidence.uprights import read_uprights  # noqa: PLC0415

    found: list[Evidence] = []
    if lines is not None:
        found.append(read_lines(lines, size))
    if uprights is not None:
        found.append(read_uprights(uprights, size))
    return found


def _write(solution: Solution, out: Path) -> None:
    import msgspec  # noqa: PLC0415

    from contract.disk import write_whole  # noqa: PLC0415

    entry = {"name": solution.camera.name} | msgspec.to_builtins(solution.camera.to_file())
    write_whole(out, msgspec.json.format(msgspec.json.encode(entry), indent=2) + b"\n")


def _figures(solution: Solution, said: list[str]) -> dict[str, Any]:
    import numpy as np  # noqa: PLC0415

    left_out = [float(m) * 100 if np.isfinite(m) else None for m in solution.left_out_m]
    expected = solution.expected_error_m(solution.pairs.floor_m) * 100
    return {
        "camera": solution.camera.name,
        "lens": solution.camera.lens,
        "model": solution.model,
        "pairs": len(solution.pairs),
        "wrong": (np.flatnonzero(~solution.is_used) + 1).tolist(),
        "left_out_cm": left_out,
        "expected_cm": float(np.nanmedian(expected)),
        "noise": solution.noise,
        "height_m": float(solution.camera.centre_m[2]),
        "remarks": said,
    }


def _tell(solution: Solution, said: list[str], out: Path) -> None:
    figures = _figures(solution, said)
    camera = solution.camera
    typer.echo(
        f"{camera.name}: {camera.lens} lens, free: {solution.model}; focal length {camera.matrix[0, 0]:.0f} px; hangs "
        f"{figures['height_m']:.2f} m high at ({camera.centre_m[0]:.2f}, {camera.centre_m[1]:.2f}) m"
    )
    wrong = set(figures["wrong"])
    for k, off in enumerate(figures["left_out_cm"], 1):
        distance = "above the horizon" if off is None else f"{off:.1f} cm"
        typer.echo(f"  pair {k}: {distance}{' (left out)' if k in wrong else ''}")
    for sentence in said:
        typer.echo(sentence)
    typer.echo(f"expect {figures['expected_cm']:.0f} cm (median, at the pairs) -> {out}")
