"""Ray casting of tapered, flattened capsules ("round cones") and textured quads, in numba.

Everything is cast along the camera's own rays, distortion included, so that pictures obey exactly the lens that the
site file states. A round cone is the hull of two spheres (Quilez, "Round cone - intersection"); flattening compresses
space along one axis before the cast, which turns it into an elliptical limb or torso.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

A = NDArray[Any]
FAR = 1e9
EPS = 1e-9


@njit(cache=True, fastmath=True, inline="always")
def cast_cone(  # noqa: PLR0917 - compiled code takes no keywords
    ox: float, oy: float, oz: float, dx: float, dy: float, dz: float,
    bx: float, by: float, bz: float, ra: float, rb: float,
) -> float:  # fmt: skip
    """Distance along the unit ray (d) from o to the round cone from the origin (ra) to b (rb); FAR where missed."""
    m0 = bx * bx + by * by + bz * bz
    m3 = dx * ox + dy * oy + dz * oz
    m5 = ox * ox + oy * oy + oz * oz
    if m0 > EPS:
        rr = ra - rb
        m1 = bx * ox + by * oy + bz * oz
        m2 = bx * dx + by * dy + bz * dz
        d2 = m0 - rr * rr
        k2 = d2 - m2 * m2
        k1 = d2 * m3 - m1 * m2 + m2 * rr * ra
        k0 = d2 * m5 - m1 * m1 + m1 * rr * ra * 2.0 - m0 * ra * ra
        h = k1 * k1 - k0 * k2
        if h < 0.0:
            return FAR
        if abs(k2) > EPS:
            t = (-math.sqrt(h) - k1) / k2
            y = m1 - ra * rr + t * m2
            if 0.0 < y < d2:
                return t if t > 0.0 else FAR
        px, py, pz = ox - bx, oy - by, oz - bz
        m6 = px * dx + py * dy + pz * dz
        m7 = px * px + py * py + pz * pz
        h2 = m6 * m6 - m7 + rb * rb
    else:
        h2 = -1.0
        m6 = 0.0
    best = FAR
    h1 = m3 * m3 - m5 + ra * ra
    if h1 > 0.0:
        t = -m3 - math.sqrt(h1)
        if t > 0.0:
            best = t
    if h2 > 0.0:
        t = -m6 - math.sqrt(h2)
        if 0.0 < t < best:
            best = t
    return best


@njit(cache=True, fastmath=True)
def draw(  # noqa: PLR0917 - compiled code takes no keywords
    rays: A, centre: A, a: A, b: A, radius: A, axis: A, flat: A, is_body: A, boxes: A, starts: A,
    depth: A, winner: A, own_t: A, own_i: A, counts: A,
) -> None:  # fmt: skip
    """Draws owners' shapes into ``depth`` and ``winner`` and counts each owner's body pixels.

    ``rays`` (H, W, 3) unit viewing directions from ``centre`` (3,). Shapes: ends ``a`` and ``b`` (M, 3), ``radius``
    (M, 2) at each, 0 for none, flattened ``flat`` (M,) times along ``axis`` (M, 3); ``is_body`` (M,) is false for
    bags and pushchairs; ``boxes`` (M, 4) pixels x0, y0, x1, y1 that contain each, end excluded; ``starts`` (P + 1,)
    where each owner's begin. ``depth`` (H, W) metres along the ray and ``winner`` (H, W) index of the shape seen
    are written where a shape is nearer; ``own_t``, ``own_i`` (H, W) are scratch, left filled with FAR; ``counts`` (P,
    2) gets, in its first column, the body pixels that the picture would show were nothing else there.
    """
    for p in range(len(starts) - 1):
        ux0, uy0, ux1, uy1 = rays.shape[1], rays.shape[0], 0, 0
        for m in range(starts[p], starts[p + 1]):
            x0, y0, x1, y1 = boxes[m, 0], boxes[m, 1], boxes[m, 2], boxes[m, 3]
            if radius[m, 0] <= 0.0 or x1 <= x0 or y1 <= y0:
                continue
            ux0, uy0, ux1, uy1 = min(ux0, x0), min(uy0, y0), max(ux1, x1), max(uy1, y1)
            ax, ay, az, k = axis[m, 0], axis[m, 1], axis[m, 2], flat[m] - 1.0
            ox, oy, oz = centre[0] - a[m, 0], centre[1] - a[m, 1], centre[2] - a[m, 2]
            s = k * (ox * ax + oy * ay + oz * az)
            ox, oy, oz = ox + s * ax, oy + s * ay, oz + s * az
            bx, by, bz = b[m, 0] - a[m, 0], b[m, 1] - a[m, 1], b[m, 2] - a[m, 2]
            s = k * (bx * ax + by * ay + bz * az)
            bx, by, bz = bx + s * ax, by + s * ay, bz + s * az
            ra, rb = radius[m, 0], radius[m, 1]
            for y in range(y0, y1):
                for x in range(x0, x1):
                    dx, dy, dz = rays[y, x, 0], rays[y, x, 1], rays[y, x, 2]
                    s = k * (dx * ax + dy * ay + dz * az)
                    dx, dy, dz = dx + s * ax, dy + s * ay, dz + s * az
                    n = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz)
                    t = cast_cone(ox, oy, oz, dx * n, dy * n, dz * n, bx, by, bz, ra, rb) * n
                    if t < own_t[y, x]:
                        own_t[y, x] = t
                        own_i[y, x] = m
        for y in range(uy0, uy1):
            for x in range(ux0, ux1):
                t = own_t[y, x]
                if t < FAR * 0.01:
                    m = own_i[y, x]
                    if is_body[m]:
                        counts[p, 0] += 1
                    if t < depth[y, x]:
                        depth[y, x] = t
                        winner[y, x] = m
                    own_t[y, x] = FAR


@njit(cache=True, fastmath=True, inline="always")
def noise3(x: float, y: float, z: float) -> float:
    """A cheap smooth wobble in -1..1: folds of cloth, not statistics."""
    return (
        math.sin(x + 1.7 * math.sin(1.3 * y + 0.5 * z)) * 0.5
        + math.sin(2.1 * y + 1.1 * math.sin(1.9 * x - 0.7 * z)) * 0.3
        + math.sin(2.3 * z + 1.9 * math.sin(1.1 * x + 1.7 * y)) * 0.2
    )


PLAIN, HOOPS, PINSTRIPES, PLAID, DOTS, HEAD, FRONT_OPEN, LOGO, HEATHER = range(9)
"""Patterns of ``paint[:, 6]``."""


@njit(cache=True, fastmath=True)
def shade(  # noqa: PLR0917 - compiled code takes no keywords
    image: A, rays: A, centre: A, a: A, b: A, radius: A, axis: A, flat: A, front: A, paint: A, light: A, owner: A,
    depth: A, winner: A, tint: A, counts: A, is_body: A, x0: int, y0: int, x1: int, y1: int,
) -> None:  # fmt: skip
    """Paints what shapes won of ``image`` (H, W, 3) BGR 0..255, and counts each owner's visible body pixels.

    Shapes as in ``draw``; ``front`` (M, 3) is where each faces, for patterns and faces; ``paint`` (M, 16) as in
    shapes.py; ``light`` (P, 5) per ``owner`` (M,): key light's unit direction, its strength, ambient strength; ``tint``
    (H, W, 3) gain of lens and sensor; ``counts`` (P, 2), its second column is added to; x0..y1 pixels to visit.
    """
    for y in range(y0, y1):
        for x in range(x0, x1):
            m = winner[y, x]
            if m < 0:
                continue
            p = owner[m]
            if is_body[m]:
                counts[p, 1] += 1
            t = depth[y, x]
            gx, gy, gz = rays[y, x, 0] * t, rays[y, x, 1] * t, rays[y, x, 2] * t
            ax, ay, az, k = axis[m, 0], axis[m, 1], axis[m, 2], flat[m] - 1.0
            # the point relative to end a, in flattened space
            qx, qy, qz = centre[0] + gx - a[m, 0], centre[1] + gy - a[m, 1], centre[2] + gz - a[m, 2]
            s = k * (qx * ax + qy * ay + qz * az)
            ex, ey, ez = qx + s * ax, qy + s * ay, qz + s * az
            bx, by, bz = b[m, 0] - a[m, 0], b[m, 1] - a[m, 1], b[m, 2] - a[m, 2]
            s = k * (bx * ax + by * ay + bz * az)
            bx, by, bz = bx + s * ax, by + s * ay, bz + s * az
            m0 = bx * bx + by * by + bz * bz
            u = 0.0
            if m0 > EPS:
                rr = radius[m, 0] - radius[m, 1]
                # share of the length, of the tapered side's own foot on the axis
                along = ex * bx + ey * by + ez * bz
                u = (along - radius[m, 0] * rr) / max(EPS, m0 - rr * rr)
                u = min(1.0, max(0.0, u))
            nx, ny, nz = ex - u * bx, ey - u * by, ez - u * bz
            s = k * (nx * ax + ny * ay + nz * az)
            nx, ny, nz = nx + s * ax, ny + s * ay, nz + s * az
            n = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz + EPS)
            nx, ny, nz = nx * n, ny * n, nz * n
            fx, fy, fz = front[m, 0], front[m, 1], front[m, 2]
            to_front = nx * fx + ny * fy + nz * fz
            to_right = nx * fy - ny * fx
            # pattern coordinates that move with the body: along the limb, across it, into it
            across = qx * fy - qy * fx
            into = qx * fx + qy * fy + qz * fz
            up = qz
            c0, c1, c2 = paint[m, 0], paint[m, 1], paint[m, 2]
            kind, scale, phase = int(paint[m, 6]), paint[m, 7], paint[m, 12]
            second = 0.0
            gloss = 0.0
            if kind == HOOPS:
                second = 1.0 if math.sin(up * scale + phase) > 0.2 else 0.0
            elif kind == PINSTRIPES:
                second = 1.0 if math.sin(across * scale + phase) > 0.6 else 0.0
            elif kind == PLAID:
                second = 0.5 * (math.sin(up * scale + phase) > 0.3) + 0.5 * (math.sin(across * scale) > 0.3)
            elif kind == DOTS:
                second = 1.0 if noise3(across * scale, up * scale + phase, into * scale) > 0.25 else 0.0
            elif kind == FRONT_OPEN:
                second = 1.0 if to_front > 0.35 and abs(across) < 0.055 * scale else 0.0
            elif kind == LOGO:
                inside = to_front > 0.3 and abs(across) < 0.09 and 0.35 < u < 0.75
                second = 1.0 if inside and noise3(across * 60.0 + phase, up * 60.0, 0.0) > -0.1 else 0.0
            elif kind == HEATHER:
                second = 0.35 + 0.35 * noise3(across * 180.0, up * 180.0, into * 180.0 + phase)
            elif kind == HEAD:
                # paint 7: hairline, 8: beard, 12: glasses; second colour is the hair's
                hairline, beard, glasses = paint[m, 7], paint[m, 8], paint[m, 12]
                turn = math.sqrt(max(EPS, 1.0 - nz * nz))
                facing = to_front / turn
                if nz > hairline + 0.12 * (1.0 - facing) or facing < 0.12 + 0.35 * (nz > -0.2):
                    second = 1.0
                    if facing < 0.5 and nz < -0.45 and facing > -0.6:
                        second = 0.0
                elif facing > 0.35:
                    eye = abs(abs(to_right) - 0.36)
                    if abs(nz - 0.12) < 0.09 and eye < 0.14:
                        gloss = -0.55
                    elif abs(nz - 0.27) < 0.05 and eye < 0.2:
                        gloss = -0.3
                    elif abs(nz + 0.5) < 0.07 and abs(to_right) < 0.24:
                        gloss = -0.35
                    elif abs(to_right) < 0.12 and -0.3 < nz < 0.15:
                        gloss = 0.1
                    if glasses > 0.5 and abs(nz - 0.12) < 0.13 and abs(to_right) < 0.62:
                        gloss = min(gloss, -0.45)
                    if beard > 0.0 and nz < -0.28:
                        second = beard
            if kind != HEAD and u > paint[m, 8]:
                c0, c1, c2 = paint[m, 9], paint[m, 10], paint[m, 11]
            elif second > 0.0:
                c0 += second * (paint[m, 3] - c0)
                c1 += second * (paint[m, 4] - c1)
                c2 += second * (paint[m, 5] - c2)
            folds = paint[m, 13]
            wobble = 0.0
            if folds > 0.0:
                wobble = folds * noise3(across * 34.0 + phase, up * 15.0 + phase * 1.7, into * 34.0)
            lx, ly, lz = light[p, 0], light[p, 1], light[p, 2]
            wrap = (nx * lx + ny * ly + nz * lz) * 0.6 + 0.4
            key = light[p, 3] * max(0.0, wrap + 0.8 * wobble)
            # skylight from the ceiling, less from the dark floor; edges turn away from us and darken
            facing_us = -(nx * gx + ny * gy + nz * gz) / max(t, EPS)
            ambient = (
                light[p, 4] * (0.72 + 0.28 * nz + 0.5 * wobble) * (0.62 + 0.38 * min(1.0, max(0.0, facing_us * 1.5)))
            )
            # little light reaches down between legs and racks
            low = min(1.0, 0.72 + 0.28 * (centre[2] + gz))
            strength = (key + ambient) * low * (1.0 + gloss)
            image[y, x, 0] = min(255.0, 255.0 * c0 * strength * tint[y, x, 0])
            image[y, x, 1] = min(255.0, 255.0 * c1 * strength * tint[y, x, 1])
            image[y, x, 2] = min(255.0, 255.0 * c2 * strength * tint[y, x, 2])


@njit(cache=True, fastmath=True)
def shadow(image: A, floor_x: A, floor_y: A, spots: A, boxes: A) -> None:
    """Darkens the floor of ``image`` (H, W, 3) under people.

    ``floor_x``, ``floor_y`` (H, W): metres of the floor point seen, far away where none is. ``spots`` (S, 7): centre
    x, y, unit direction of the long axis x, y, half length and half width in metres, strength. ``boxes`` (S, 4) pixels
    to visit.
    """
    for i in range(len(spots)):
        cx, cy, ux, uy = spots[i, 0], spots[i, 1], spots[i, 2], spots[i, 3]
        half_l, half_w, strength = spots[i, 4], spots[i, 5], spots[i, 6]
        if half_l <= 0.0:
            continue
        for y in range(boxes[i, 1], boxes[i, 3]):
            for x in range(boxes[i, 0], boxes[i, 2]):
                gx, gy = floor_x[y, x] - cx, floor_y[y, x] - cy
                along, across = (gx * ux + gy * uy) / half_l, (gy * ux - gx * uy) / half_w
                r2 = along * along + across * across
                if r2 < 1.0:
                    keep = 1.0 - strength * (1.0 - r2) * (1.0 - r2)
                    for c in range(3):
                        image[y, x, c] = image[y, x, c] * keep


@njit(cache=True, fastmath=True)
def cast_quads(origin: A, direction: A, quads: A, skip: int, reach: float, any_hit: bool) -> tuple[float, int]:  # noqa: PLR0917 - compiled code takes no keywords
    """Distance to the nearest quad along one ray and its index, -1 for none.

    ``skip`` is not looked at, nothing beyond ``reach`` counts, and where ``any_hit`` the first quad found is enough.
    ``quads`` (Q, 12): corner, normal, and the edges u and v divided by their squared lengths.
    """
    best, index = reach, -1
    dx, dy, dz = direction[0], direction[1], direction[2]
    for q in range(len(quads)):
        if q == skip:
            continue
        nx, ny, nz = quads[q, 3], quads[q, 4], quads[q, 5]
        down = nx * dx + ny * dy + nz * dz
        rx, ry, rz = quads[q, 0] - origin[0], quads[q, 1] - origin[1], quads[q, 2] - origin[2]
        over = nx * rx + ny * ry + nz * rz
        if over * down <= 0.0:
            continue
        t = over / down
        if t <= 1e-4 or t >= best:
            continue
        px, py, pz = dx * t - rx, dy * t - ry, dz * t - rz
        u = px * quads[q, 6] + py * quads[q, 7] + pz * quads[q, 8]
        if u < 0.0 or u > 1.0:
            continue
        v = px * quads[q, 9] + py * quads[q, 10] + pz * quads[q, 11]
        if v < 0.0 or v > 1.0:
            continue
        best, index = t, q
        if any_hit:
            break
    return best, index


@njit(cache=True, fastmath=True)
def look_up(quads: A, look: A, textures: A, q: int, spot: A, channel: int) -> float:  # noqa: PLR0917 - compiled code takes no keywords
    """Nearest texel (tiled) of a quad at a point on it, 0..255."""
    px, py, pz = spot[0] - quads[q, 0], spot[1] - quads[q, 1], spot[2] - quads[q, 2]
    u = (px * quads[q, 6] + py * quads[q, 7] + pz * quads[q, 8]) * look[q, 1]
    v = (px * quads[q, 9] + py * quads[q, 10] + pz * quads[q, 11]) * look[q, 2]
    side = textures.shape[1]
    return float(textures[int(look[q, 0]), int(v * side) % side, int(u * side) % side, channel])


@njit(cache=True, fastmath=True)
def light_up(strength: A, rays: A, centre: A, quads: A, look: A, lamps: A, ambient: float, jitter: A) -> None:  # noqa: PLR0917 - compiled code takes no keywords
    """Writes how much light falls on what each ray of ``rays`` (H, W, 3) sees: lamps with soft shadows, and ambient.

    ``lamps`` (L, 5): x, y, z, strength, half size in metres; ``jitter`` (H, W, 2): random -1..1, spreads shadow rays.
    """
    spot = np.empty(3)
    to_lamp = np.empty(3)
    for y in range(strength.shape[0]):
        for x in range(strength.shape[1]):
            t, q = cast_quads(centre, rays[y, x], quads, -1, FAR, False)  # noqa: FBT003 - compiled code takes no keywords
            if q < 0:
                strength[y, x] = ambient
                continue
            for c in range(3):
                spot[c] = centre[c] + rays[y, x, c] * t
            nx, ny, nz = quads[q, 3], quads[q, 4], quads[q, 5]
            if nx * rays[y, x, 0] + ny * rays[y, x, 1] + nz * rays[y, x, 2] > 0.0:
                nx, ny, nz = -nx, -ny, -nz
            total = ambient * (0.8 + 0.2 * nz) + look[q, 4]
            for i in range(len(lamps)):
                to_lamp[0] = lamps[i, 0] + lamps[i, 4] * jitter[y, x, 0] - spot[0]
                to_lamp[1] = lamps[i, 1] + lamps[i, 4] * jitter[y, x, 1] - spot[1]
                to_lamp[2] = lamps[i, 2] - spot[2]
                d2 = to_lamp[0] ** 2 + to_lamp[1] ** 2 + to_lamp[2] ** 2
                far = math.sqrt(d2)
                cosine = (nx * to_lamp[0] + ny * to_lamp[1] + nz * to_lamp[2]) / far
                gain = lamps[i, 3] * max(0.0, cosine) * abs(to_lamp[2]) / far / (d2 + 1.0)
                if gain < 0.015:
                    continue
                for c in range(3):
                    to_lamp[c] /= far
                if cast_quads(spot, to_lamp, quads, q, far - 0.02, True)[1] < 0:  # noqa: FBT003 - compiled code takes no keywords
                    total += gain
            strength[y, x] = total


@njit(cache=True, fastmath=True)
def trace(image: A, depth: A, rays: A, centre: A, quads: A, look: A, textures: A, strength: A, ambient: float) -> None:  # noqa: PLR0917 - compiled code takes no keywords
    """Paints the still scene of textured quads, with one mirror bounce on polished ones.

    Writes ``image`` (nH, nW, 3) BGR 0..255 and ``depth`` (nH, nW) metres along ``rays`` (nH, nW, 3). ``quads`` (Q, 12)
    as in ``cast_quads``; ``look`` (Q, 5): texture, tiles along u and v, mirror share, own light; ``textures``
    (T, S, S, 3); ``strength`` (H, W) of ``light_up``; ``ambient`` light from everywhere.
    """
    bounce = np.empty(3)
    spot = np.empty(3)
    n = image.shape[0] // strength.shape[0]
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            t, q = cast_quads(centre, rays[y, x], quads, -1, FAR, False)  # noqa: FBT003 - compiled code takes no keywords
            depth[y, x] = t
            if q < 0:
                for c in range(3):
                    image[y, x, c] = 200.0 * ambient
                continue
            for c in range(3):
                spot[c] = centre[c] + rays[y, x, c] * t
                image[y, x, c] = 0.0
            for c in range(3):
                image[y, x, c] = strength[y // n, x // n] * look_up(quads, look, textures, q, spot, c)
            mirror = look[q, 3]
            if mirror > 0.0:
                nx, ny, nz = quads[q, 3], quads[q, 4], quads[q, 5]
                along = 2.0 * (nx * rays[y, x, 0] + ny * rays[y, x, 1] + nz * rays[y, x, 2])
                bounce[0] = rays[y, x, 0] - along * nx
                bounce[1] = rays[y, x, 1] - along * ny
                bounce[2] = rays[y, x, 2] - along * nz
                far, r = cast_quads(spot, bounce, quads, q, FAR, False)  # noqa: FBT003 - compiled code takes no keywords
                if r >= 0:
                    grazing = 1.0 - 0.5 * abs(along)
                    share = min(0.5, mirror * (0.4 + 2.0 * grazing**4))
                    for c in range(3):
                        spot[c] += bounce[c] * far
                    for c in range(3):
                        seen = look_up(quads, look, textures, r, spot, c)
                        image[y, x, c] += share * (ambient + 0.3 + look[r, 4]) * seen - 0.3 * share * image[y, x, c]
