"""The box: composes capture, detection, the floor's pipeline, outbox and publisher, and keeps them going."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, is_dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import get_type_hints

import msgspec
import numpy as np

from calibration.site import SiteFile, cameras_path
from calibration.versions.gate import admit, certificate_path, read_certificate
from contract.errors import BadInputError
from contract.files import read_toml
from contract.service import Lifeline
from edge.box import Box
from edge.capture.frame import Frame
from edge.detect.detector import DEFAULT_SCORE_MIN, Detector, session_options
from edge.detect.eye import DetectSettings
from edge.detect.mask import PrivacyMask
from edge.detect.stage import DetectStage
from edge.drive import Cameras, Drive, LiveDrive, PlaybackDrive
from edge.health import HealthMeter
from edge.memory import frugal_memory
from edge.outbox.checkpoint import Checkpoint, CheckpointError, pack, unpack
from edge.outbox.intake import Intake
from edge.outbox.lock import StateLock
from edge.outbox.opening import opened_outbox
from edge.outbox.store import Event, Origin, Outbox, OutboxFullError
from edge.pipeline import FloorPipeline, PipelineSettings
from edge.publish.publisher import Publisher
from edge.rehearsal import rehearse
from edge.reid.embedder import Embedder, OnnxEmbedder, StripesEmbedder
from edge.reid.keys import DayKeys
from edge.reid.lesson import kept_whitening, lesson_of
from edge.reid.secret import read_secret
from edge.reid.stage import ReidStage, exits_of
from edge.reid.stripes import describe
from edge.runtime import DetectsPeople, Runtime
from edge.uplink import UplinkMeter
from edge.watch.stage import WatchStage
from models.providers import CPU, choose
from models.registry import resolve

RESUME_S = 120.0
"""Streams: after a longer pause nobody's visit goes on; what was open is closed at the time it was last true."""
ACKNOWLEDGE_WAIT_S = 60.0
"""How long a box that has played its recordings waits for central to have it all."""
LOADING_S = 300.0
"""Loading and measuring models, and compiling kernels where nothing is cached, take no longer on the slowest box."""
OPENING_S = 900.0
"""Nor does an outbox of the largest size, after a power cut."""
MOST_DETECTORS = 4
"""Pictures looked at side by side, where there are so many cores."""
OUTBOX_NAME = "outbox.db"
PROVIDERS_NAME = "providers.json"
"""Which execution providers this box measured to be fastest, and why not the others."""
WHITENING_NAME = "whitening.npz"
"""What was learnt of the re-identification model, of drawn people."""
STAGES = ("pipeline.py", "track/**/*.py", "reid/**/*.py", "floor/**/*.py", "journeys/**/*.py")
"""Sources that a checkpoint's meaning depends on, below this folder."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        ended: recordings: everything was played and closed.
        events: durable events of all runs with this state directory.
        unacknowledged: events that central does not have yet; they stay in the outbox.
    """

    ended: bool
    events: int
    unacknowledged: int


@frugal_memory()
def run_box(
    box: Box,
    stop: threading.Event,
    tell: Callable[[str], None],
    *,
    detector: DetectsPeople | None = None,
    wait_s: float = ACKNOWLEDGE_WAIT_S,
) -> Outcome:
    """Run a box until it is stopped, or until its recordings are through and central has everything.

    Args:
        box: its configuration.
        stop: set to end cleanly; visits stay open and go on at the next start.
        tell: takes one line for the operator.
        detector: finds people; None loads the configured model.
        wait_s: how long to wait for central's acknowledgement at the end of recordings, seconds.

    Raises:
        BadInputError: the configuration does not fit the world: model, recordings, state directory; or the floor's
            certificate fails a zone that the configuration does not accept.
    """
    lifeline = Lifeline()
    settings = _pipeline_settings(box)
    remarks = _admitted(box)
    lifeline.starting("loading the model, compiling kernels", LOADING_S)
    announces = _announces(box)  # what is wrong with its secret or model is said before anything begins
    with StateLock(box.state_dir), contextlib.ExitStack() as held:
        reid = None if announces is None else _reid_stage(box, *announces)
        # they are dialled, and wait for their next key pictures, while the model is loaded
        cameras = None if box.recorded else held.enter_context(Cameras(box))
        detector = detector or _detect_stage(box)
        for remark in remarks:
            tell(remark)
        rehearse(box.floor, settings)
        lifeline.starting("opening the outbox", OPENING_S)
        outbox = held.enter_context(_opened_outbox(box, tell))
        publisher = Publisher(
            outbox,
            box.broker,
            live_session=secrets.token_hex(10),
            version=_version(),
            wall=time.time,
            rng=random.Random(secrets.randbits(64)),  # noqa: S311 - jitter
            tell=tell,
        )
        meter = HealthMeter(
            [source.name for source in box.cameras], time.monotonic(), UplinkMeter(time.monotonic).figures
        )
        intake = Intake(outbox)
        fingerprint = fingerprint_of(box)
        state = _resumed(box, outbox, fingerprint, tell)
        if state is None:
            began = 0.0 if box.recorded else time.time()
            state = Checkpoint(began, fingerprint, _fresh_pipeline(box, settings), {})
        watch = None if box.recorded or not box.drift else _drift_watch(box, tell)
        runtime = Runtime(detector, state, intake, publisher, meter, watch=watch, reid=reid)
        drive: Drive
        if box.recorded:
            drive = PlaybackDrive(box, runtime, tell, lifeline)
        else:
            drive = LiveDrive(box, runtime, tell, lambda: _fresh_pipeline(box, settings), lifeline, cameras=cameras)
        publisher.start()
        try:
            drive.run(stop)
            # Only here: after a step that failed half way the state and the stored events do not belong together.
            runtime.save()
            if runtime.state.ended:
                _wait_acknowledged(outbox, stop, wait_s, lifeline)
        finally:
            lifeline.stopping("telling central, closing the outbox")
            publisher.stop()
        return Outcome(runtime.state.ended, outbox.last_seq, intake.depth)


def fingerprint_of(box: Box) -> str:
    """A digest of everything that a checkpoint depends on: this build, the site, the sources and the settings."""
    digest = hashlib.sha256(_version().encode())
    here = Path(__file__).resolve().parent
    for path in sorted(found for pattern in STAGES for found in here.glob(pattern)):
        digest.update(path.read_bytes())
    source = box.site.source
    floors = [entry for entry in read_toml(source, SiteFile).floors if entry.id == box.floor.id]
    for path in (source, *(source.parent / name for entry in floors for name in (entry.geometry, entry.cameras))):
        digest.update(path.read_bytes())
    settings = (box.id, box.floor.id, box.fps, box.model, box.score_min, box.pipeline, box.cameras)
    digest.update(repr(settings).encode())
    return digest.hexdigest()


def _admitted(box: Box) -> list[str]:
    """What the operator should know of the floor's calibration."""
    certificate = read_certificate(certificate_path(cameras_path(box.site.source, box.floor.id)))
    watched = [source.name for source in box.cameras]
    return admit(box.floor, certificate, watched, box.accept_failed_zones, box.source)


def _pipeline_settings(box: Box) -> PipelineSettings:
    where = f"{box.source}: [pipeline]"
    _refuse_unknown(where, box.pipeline, PipelineSettings)
    try:
        return msgspec.convert(box.pipeline, PipelineSettings, strict=True)
    except msgspec.ValidationError as error:
        raise BadInputError(f"{where}: {error}; correct or remove that setting") from None


def _refuse_unknown(where: str, values: Mapping[str, object], kind: type) -> None:
    """Refuse settings that no field bears, in nested tables too."""
    kinds = get_type_hints(kind)
    for name, value in values.items():
        if name not in kinds:
            raise BadInputError(f"{where}: no setting {name!r}; it has {', '.join(kinds)}")
        if isinstance(value, Mapping) and is_dataclass(kinds[name]):
            _refuse_unknown(f"{where}.{name}", value, kinds[name])


def _detect_stage(box: Box) -> DetectsPeople:
    model = resolve(box.model)
    cameras = box.floor.cameras
    score_min = DEFAULT_SCORE_MIN if box.score_min is None else box.score_min
    first = Detector(model.path, score_min)
    view = max(((camera.height, camera.width, 3) for camera in cameras.values()), default=(1, 1, 3))
    feed = first.feed([np.random.default_rng(0).integers(0, 256, view).astype(np.uint8)])
    providers = choose(model.path, feed, session_options(1), box.state_dir / PROVIDERS_NAME)
    many = min(MOST_DETECTORS, os.cpu_count() or 1)
    opened = [first] if providers == [CPU] else []  # which is what the first one runs on
    detectors = opened + [Detector(model.path, score_min, providers=providers) for _ in range(many - len(opened))]
    _rehearse_detection(detectors)
    settings = DetectSettings(usual_interval_s=1.0 / box.fps)
    return DetectStage(detectors, _masks(box), settings)


def _announces(box: Box) -> tuple[DayKeys, Path | None, Embedder] | None:
    """With what people are announced to other floors: keys, the model's file and the model.

    None where the configuration does not ask for it.
    """
    if box.reid is None:
        return None
    where = f"{box.source}: [reid]"
    try:
        secret = read_secret(box.source.parent, box.reid.secret_file)
    except BadInputError as error:
        raise BadInputError(f"{where} secret_file: {error}") from None
    model = box.reid.model
    try:
        embedder = StripesEmbedder() if model is None else OnnxEmbedder(model)
    except BadInputError as error:
        raise BadInputError(f"{where} model: {error}") from None
    return DayKeys(secret, box.site.id, box.site.timezone), model, embedder


def _reid_stage(box: Box, keys: DayKeys, model: Path | None, embedder: Embedder) -> ReidStage:
    """What announces people to other floors, ready to."""
    whitening = kept_whitening(box.state_dir / WHITENING_NAME, embedder, lesson_of(model))
    stage = ReidStage(exits_of(box.site, box.floor.id), embedder, whitening, keys)
    stage.rehearse()
    return stage


def _masks(box: Box) -> dict[str, PrivacyMask]:
    cameras = box.floor.cameras
    return {
        name: PrivacyMask(polygons, (cameras[name].width, cameras[name].height))
        for name, polygons in box.floor.masks_px.items()
    }


def _drift_watch(box: Box, tell: Callable[[str], None]) -> WatchStage:
    pool = ThreadPoolExecutor(1, "drift")
    return WatchStage(box.floor, [source.name for source in box.cameras], box.state_dir, _masks(box), tell, pool=pool)


def _rehearse_detection(detectors: Sequence[Detector]) -> None:
    """Runs every compiled kernel and every model once, in a stage that is then forgotten."""
    stage = DetectStage(detectors)
    grey = np.full((64, 64, 3), 90, np.uint8)
    for k in range(len(detectors) + 1):
        stage.update(float(k), [Frame(f"{n}", float(k), k, grey) for n in range(len(detectors))])
    stage.close()
    for detector in detectors:
        detector.detect_regions(grey, [(0, 0, 64, 64)])
    describe(grey, np.zeros((1, 4), np.float32))


def _fresh_pipeline(box: Box, settings: PipelineSettings) -> FloorPipeline:
    return FloorPipeline(box.floor, settings, random.Random(secrets.randbits(128)))  # noqa: S311 - names, not keys


def _opened_outbox(box: Box, tell: Callable[[str], None]) -> contextlib.AbstractContextManager[Outbox]:
    return opened_outbox(
        box.state_dir / OUTBOX_NAME,
        Origin(box.site.id, box.floor.id, box.id),
        secrets.token_hex(12),
        tell,
        limit_bytes=box.outbox_limit_bytes,
        keep_s=box.outbox_keep_s,
    )


def _resumed(box: Box, outbox: Outbox, fingerprint: str, tell: Callable[[str], None]) -> Checkpoint | None:
    """The stored state where it fits this build and configuration; else what it had open is closed."""
    content = outbox.checkpoint()
    if content is None:
        return None
    try:
        state = unpack(content)
    except CheckpointError as error:
        tell(f"{box.state_dir}: {error}; visits that were open stay unfinished, counting starts anew")
        return None
    if state.pipeline is None:
        return None
    changed = state.fingerprint != fingerprint
    if box.recorded:
        if changed:
            raise BadInputError(
                f"{box.state_dir}: begun with other recordings, settings or build, and going on would count twice; "
                "remove it to play from the beginning, or name another state_dir"
            )
        return state
    away_s = time.time() - state.saved_at
    if not changed and 0 <= away_s <= RESUME_S:
        return state
    if changed:
        why = "the configuration or the build changed"
    else:
        why = f"away for {away_s:.0f} s" if away_s > 0 else f"the system clock is {-away_s:.0f} s behind the state"
    tell(f"{box.state_dir}: {why}; what was open is closed as of then, counting starts anew")
    _close(box, outbox, state, tell)
    return None


def _close(box: Box, outbox: Outbox, state: Checkpoint, tell: Callable[[str], None]) -> None:
    """Close what a state has open that is not gone on with."""
    try:
        step = state.pipeline.close(state.saved_at)
        events = [Event(state.saved_at, body) for _at, body in step.bodies]
        outbox.append(events, pack(replace(state, pipeline=None)))
    except OutboxFullError:
        raise
    except Exception as error:  # noqa: BLE001 - a pipeline of another build may fail in any way
        tell(
            f"{box.state_dir}: the earlier state cannot be closed ({type(error).__name__}); its visits stay unfinished"
        )


def _wait_acknowledged(outbox: Outbox, stop: threading.Event, wait_s: float, lifeline: Lifeline) -> None:
    deadline = time.monotonic() + wait_s
    while outbox.depth and time.monotonic() < deadline and not stop.wait(0.1):
        lifeline.advanced()


def _version() -> str:
    try:
        return version("atrium-vision")
    except PackageNotFoundError:
        return "0+source"
