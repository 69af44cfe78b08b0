"""The rule compiled by numba, one spine at a time: the equations of `rule` at a small part of their time.

`rule.coefficients` is the oracle. `_move` has the same equations in the same order, and a test holds both equal to
rounding over random states, parameters and surroundings, so that a change of one alone is seen at once.

States, parameters and surroundings are records: a line here reads like one there, and numba's cache, which keys
compiled code by the types of its arguments and the file of the function, knows when their fields change. For that
reason all that is compiled lies in this file and takes its constants as arguments, and arguments are records, arrays
and plain tuples of these: a class of ours in the cache could not be found after it was renamed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

__all__ = ["follow", "rest_each", "step_each"]


def _compiled(function: Callable[..., Any]) -> Any:
    """Compile a function at its first call; what is compiled is kept where numba finds a folder for it.

    A product and the sum it goes into may be one instruction ("contract"): a fifth less time, and only one rounding.
    """
    options: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # neither the package nor the user's cache folder can be written
        return njit(**options)(function)


# ---- the equations, in the order of rule.coefficients -------------------------------------------------


@_compiled
def _power(x, n):
    """Return x^n; by multiplication where n is whole, as exponents of hill functions mostly are."""
    m = int(n)
    if m != n:
        return x**n
    out = 1.0
    while m > 0:
        if m & 1:
            out *= x
        x *= x
        m >>= 1
    return out


@_compiled
def _hill(x, k, n):
    return 1 / (1 + _power(k / x, n)) if x > 0 else 0.0


@_compiled
def _relaxed(x, drive, rate, h):
    """Return the solution of x' = drive - rate x after h ms (`rule.relax`).

    Where rate h is small, as for most states in a tick, by the series of (1 - exp(-u))/u: that takes neither an
    exponential nor a division, and nothing cancels.
    """
    u = rate * h
    if u > 0.05:
        x_inf = drive / rate
        return x_inf + (x - x_inf) * math.exp(-u)
    # Taylor; the first term left out, u^8/9!, is below 1e-16
    high = 1 / 24 - u * (1 / 120 - u * (1 / 720 - u * (1 / 5040 - u * (1 / 40320))))
    return x + h * (drive - rate * x) * (1 - u * (1 / 2 - u * (1 / 6 - u * high)))


@_compiled
def _bound(x, kon, koff, ligand, h):
    return _relaxed(x, kon * ligand, kon * ligand + koff, h)


@_compiled
def _basal(p):
    """Return S(PLC) without any modulator."""
    drive = p.k_Q * p.Q_basal
    return _hill(drive / (drive + 1 / p.tau_Q), p.K_Q, p.n_Q)


@_compiled
def _move(y, z, out, h, ca, da, ach, ne, release, around, p, q_basal, head_volume, ca_scale):
    """Write into `out` where the states `y` are after h ms under coefficients frozen at the states `z`.

    Modulators are in mM with all that is released, `q_basal` is `_basal`.
    """
    own = ca / ca_scale
    out.cam = _relaxed(y.cam, own / p.tau_cam, 1 / p.tau_cam, h)
    phi_P = _hill(z.cam / p.K_P, z.theta * (1 - p.w_A * z.PKA * (1 + p.K_w) / (z.PKA + p.K_w)), p.n_P)
    phi_D = _hill(z.cam / p.K_D, z.theta, p.n_D)
    drive = p.k_K * phi_P
    out.kinase = _relaxed(y.kinase, drive, drive + 1 / p.tau_K, h)
    drive = p.k_N * phi_D
    out.phosphatase = _relaxed(y.phosphatase, drive, drive + 1 / p.tau_N, h)
    drive = p.k_C * _hill(z.cam, p.K_C, p.n_C)
    out.cyclase = _relaxed(y.cyclase, drive, drive + 1 / p.tau_C, h)
    out.glu = _relaxed(y.glu, release, release + 1 / p.tau_G, h)
    drive = around.share_NMDA * release
    out.glu_P = _relaxed(y.glu_P, drive, drive + 1 / p.tau_GP, h)
    drive = p.k_E * _hill(own, p.K_E, p.n_E)
    out.ecb = _relaxed(y.ecb, drive, drive + 1 / p.tau_E, h)
    drive = p.r_P * z.kinase * z.glu_P
    out.elig_P = _relaxed(y.elig_P, drive, drive + 1 / p.tau_P, h)
    drive = p.r_D * z.phosphatase * z.glu_P + p.r_E * around.share_ecb * z.ecb * z.glu
    drive = drive * (1 - p.zeta * z.kinase)
    out.elig_D = _relaxed(y.elig_D, drive, drive + 1 / p.tau_D, h)

    at_D1 = (da + around.ago_D1) / (1 + around.ant_D1)
    at_D2 = (da + around.ago_D2) / (1 + around.ant_D2)
    out.D1 = _bound(y.D1, p.kon_D1, p.koff_D1, at_D1, h)
    out.D1_high = _bound(y.D1_high, p.kon_D1_high, p.koff_D1_high, at_D1, h)
    out.D2 = _bound(y.D2, p.kon_D2, p.koff_D2, at_D2, h)
    out.D2_low = _bound(y.D2_low, p.kon_D2_low, p.koff_D2_low, at_D2, h)
    out.beta = _bound(y.beta, p.kon_beta, p.koff_beta, (ne + around.ago_beta) / (1 + around.ant_beta), h)
    out.alpha1 = _bound(y.alpha1, p.kon_alpha1, p.koff_alpha1, (ne + around.ago_alpha1) / (1 + around.ant_alpha1), h)
    out.alpha2 = _bound(y.alpha2, p.kon_alpha2, p.koff_alpha2, (ne + around.ago_alpha2) / (1 + around.ant_alpha2), h)
    out.M1 = _bound(y.M1, p.kon_M1, p.koff_M1, (ach + around.ago_M1) / (1 + around.ant_M1), h)
    out.M4 = _bound(y.M4, p.kon_M4, p.koff_M4, (ach + around.ago_M4) / (1 + around.ant_M4), h)
    out.A2A = _bound(y.A2A, p.kon_A2A, p.koff_A2A, (p.adenosine + around.ago_A2A) / (1 + around.ant_A2A), h)

    on_D1 = (1 - p.high_D1) * z.D1 + p.high_D1 * z.D1_high
    on_D2 = (1 - p.low_D2) * z.D2 + p.low_D2 * z.D2_low
    gi = p.x_D2 * on_D2 + p.x_alpha2 * z.alpha2 + p.x_M4 * z.M4
    gs = p.x_D1 * on_D1 + p.x_beta * z.beta + p.x_A2A * z.A2A + p.A_basal + around.gs
    drive = p.k_A * gs * (1 + p.chi * around.share_AC * z.cyclase) / (1 + p.e_Gi * gi)
    out.PKA = _relaxed(y.PKA, drive * around.share_PKA, drive + 1 / p.tau_A, h)
    drive = p.k_Q * (p.x_M1 * z.M1 + p.x_alpha1 * z.alpha1 + p.Q_basal + p.e_GiQ * gi)
    out.PLC = _relaxed(y.PLC, drive * around.share_PLC, drive + 1 / p.tau_Q, h)

    a, q = _hill(z.PKA, p.K_A, p.n_A), _hill(z.PLC, p.K_Q, p.n_Q)
    pp1 = 1 / (1 + (z.PKA / p.K_AD) ** 2)
    x_P, x_D = max(z.elig_P - p.e_0, 0.0), max(z.elig_D - p.e_0, 0.0)
    up = p.k_c * ((p.g0_P / (1 + p.e_Gi * gi) + p.g_P * a) * (x_P + p.omega * a * x_D))
    ud = p.k_c * (((p.g0_D + p.g_D * q) * pp1) * x_D)
    flip = p.k_x * a * z.labile
    out.tag_P = _relaxed(y.tag_P, up * (1 - z.tag_D) + flip * z.tag_D, up + ud + 1 / p.tau_T, h)
    out.tag_D = _relaxed(y.tag_D, ud * (1 - z.tag_P), ud + up + flip + 1 / p.tau_T, h)
    drive = p.k_l * (x_P + x_D)
    out.labile = _relaxed(y.labile, drive, drive + 1 / p.tau_l, h)

    change = p.h_P * z.tag_P - p.h_D * z.tag_D
    kept = min(max(z.late, min(change, 0.0)), max(change, 0.0))
    capture = z.prp / p.tau_z
    out.early = _relaxed(y.early, (change - kept) / p.tau_tr, 1 / p.tau_tr + capture, h)
    makes = abs(change) + around.prp_drive > p.th_prp / (1 + p.k_mu * z.primed)
    drive = around.share_prp / p.tau_rise if makes else 0.0
    out.prp = y.prp if around.pooled else _relaxed(y.prp, drive, drive + 1 / p.tau_prp, h)
    out.late = _relaxed(y.late, capture * (z.early + z.late), capture, h)
    prior = _hill(z.PKA, p.K_mu, p.n_mu)
    rate = 1 / p.tau_mu_up if prior > z.primed else 1 / p.tau_mu_down
    out.primed = _relaxed(y.primed, prior * rate, rate, h)
    target = 1 + p.w_theta * ((ca - p.ca_rest) / p.ca_mean - 1)
    theta = _relaxed(y.theta, target / p.tau_theta, 1 / p.tau_theta, h)
    out.theta = min(max(theta, p.theta_lo), p.theta_hi)
    w = max(1 + z.early + z.late, p.w_floor)
    out.volume = _relaxed(y.volume, head_volume * w / p.tau_V, 1 / p.tau_V, h)

    basal_D = p.k_c * ((p.g0_D + p.g_D * q_basal) * x_D)
    out.gate = y.gate + h * (abs(up - p.k_c * (p.g0_P * x_P)) + abs(ud - basal_D) + flip * z.tag_D)
    hazard = p.H_0 * math.exp(-z.volume / p.V_h) * (1 + p.k_TD * z.tag_D) * (1 - p.k_z * max(z.late, 0.0) / p.h_P)
    out.hazard = y.hazard + h * hazard


@_compiled
def _midpoint(y, half, out, h, ca, da, ach, ne, release, around, p, q_basal, head_volume, ca_scale):
    """Write into `out` the states h ms on at steady calcium: coefficients of half time (`rule.midpoint`)."""
    _move(y, y, half, h / 2, ca, da, ach, ne, release, around, p, q_basal, head_volume, ca_scale)
    _move(y, half, out, h, ca, da, ach, ne, release, around, p, q_basal, head_volume, ca_scale)


# ---- many spines, one step: what rule.learn and rule.midpoint do --------------------------------------


@_compiled
def step_each(y, half, out, h, middle, ca, free, release, around, which, p, whose, head_volume, ca_scale):
    """Write into `out` where each spine is after h ms, by coefficients of half time (`middle`) or of the beginning."""
    for i in range(len(y)):
        p_i = p[whose[i]]
        if middle:
            _midpoint(y[i], half[0], out[i], h, ca[i], free[0, i], free[1, i], free[2, i], release[i],
                      around[which[i]], p_i, _basal(p_i), head_volume[i], ca_scale[i])  # fmt: skip
        else:
            _move(y[i], y[i], out[i], h, ca[i], free[0, i], free[1, i], free[2, i], release[i],
                  around[which[i]], p_i, _basal(p_i), head_volume[i], ca_scale[i])  # fmt: skip


@_compiled
def rest_each(y, half, out, steps, ca, free, around, which, p, whose, head_volume, ca_scale):
    """Move each spine through steps (ms) one after the other while nothing around it changes and no glutamate comes."""
    for i in range(len(y)):
        p_i = p[whose[i]]
        q_basal = _basal(p_i)
        for h in steps:
            _midpoint(y[i], half[0], out[0], h, ca[i], free[0, i], free[1, i], free[2, i], 0.0,
                      around[which[i]], p_i, q_basal, head_volume[i], ca_scale[i])  # fmt: skip
            y[i] = out[0]


# ---- one condition, all its steps: what replay does ---------------------------------------------------


@_compiled
def _integral(edges, mean, area, low, high):
    """Return the integral of a stair from `low` to `high`, given its integral up to each edge."""
    i = np.searchsorted(edges, low, side="right") - 1
    if high <= edges[i + 1]:  # within one span, as every tick is
        return mean[i] * (high - low)
    k = min(np.searchsorted(edges, high, side="right"), len(mean)) - 1
    return area[k] + (high - edges[k]) * mean[k] - area[i] - (low - edges[i]) * mean[i]


@_compiled
def _add_courses(free, courses, spine, t0, t1, at):
    """Add the mean excess of the courses over [t0, t1) at a spine; `at` keeps the segment each course has come to."""
    points, ligand, first, start, stop, which, edge_first, all_edges, value_first, means, areas = courses
    for c in range(len(points)):
        point = points[c, spine]
        if point < 0:
            continue
        while at[c] < first[c + 1] and stop[at[c]] <= t0:
            at[c] += 1
        for s in range(at[c], first[c + 1]):
            if start[s] >= t1:
                break
            k = which[s]
            edges = all_edges[edge_first[k] : edge_first[k + 1]]
            n = len(edges) - 1
            begin = value_first[k] + point * n
            low, high = max(t0 - start[s], 0.0), min(t1 - start[s], edges[-1])
            if low < high:
                whole = _integral(edges, means[begin : begin + n], areas[begin : begin + n], low, high)
                free[ligand[c]] += whole / (t1 - t0)


@_compiled
def _decays(decay, share, rates, loss, h):
    """Fill what is left of each exponential after h ms, and its mean over them."""
    for k in range(len(rates)):
        x = (rates[k] + loss) * h
        decay[k], share[k] = math.exp(-x), -math.expm1(-x) / x


@_compiled
def _mean_released(released, decay, share):
    """Return the mean concentration of a step and let the exponentials decay."""
    mean = 0.0
    for k in range(len(released)):
        mean += released[k] * share[k]
        released[k] *= decay[k]
    return max(mean, 0.0)


@_compiled
def _next_end(t, stop, change, n_before, growth, longest):
    """Return the end of the next step of a rest: short after a change, up to the next one (`Engine._divided`)."""
    since = t - change[n_before - 1] if n_before else np.inf
    step = max(1.0, min(growth * since, longest))
    if n_before < len(change):
        stop = min(stop, max(t + 1.0, change[n_before]))
    return stop if t + 1.5 * step >= stop else t + step


@_compiled
def follow(which, y, out, work, active, steps, calcium, bath, arriving, courses, p, head_volume, ca_scale,
           growth, longest):  # fmt: skip
    """Drive the spines of one condition through all steps.

    Parameters
    ----------
    which : ndarray of int
        Spines that are driven; the others are left alone.
    y : ndarray of STATE, shape (n_spine,)
        States at the start; those at the end when it returns.
    out : ndarray of STATE, shape (n_time, n_spine)
        Filled with the outcomes at ``steps.kept``.
    work : ndarray of STATE, shape (2,)
        Room to work in.
    active : bool
        False: calcium stays at rest and no glutamate comes.
    steps, calcium, bath, arriving, courses
        What happens, when.
    p : record
        Parameters of the rule.
    head_volume, ca_scale : ndarray, shape (n_spine,)
        Size of the head (um3), calcium of the spine's own responses over the preset's (1).
    growth, longest : float
        Step of a rest over the time since the last change (1), and its most (ms).
    """
    step_end, step_row, step_tick, step_kept = steps
    mean_ca, pre = calcium
    bath_start, bath_around = bath
    first, arrival_time, arrival_ligand, weights, change_first, changes, rates = arriving
    n_rate, q_basal, n_course = len(rates), _basal(p), len(courses[0])
    released, decay, share = np.zeros((3, n_rate)), np.zeros((3, n_rate)), np.zeros((3, n_rate))
    free, live, at = np.zeros(3), np.zeros(3, np.bool_), np.zeros(n_course, np.int64)
    for i in which:
        released[:] = 0.0
        live[:] = False
        at[:] = courses[2][:-1]
        change = changes[change_first[i] : change_first[i + 1]]
        arrival, n_before, piece, known_piece, known_h = first[i], 0, 0, -1, -1.0
        t, kept = 0.0, 0
        for n in range(len(step_end) + 1):
            while kept < len(step_kept) and step_kept[kept] == n:
                out[kept, i] = y[i]
                kept += 1
            if kept == len(step_kept):
                break
            row = step_row[n] if active else mean_ca.shape[1] - 1
            stop = step_end[n]
            while t < stop:
                end = stop
                if not step_tick[n]:
                    while n_before < len(change) and change[n_before] <= t:
                        n_before += 1
                    first_after = n_before < len(change) and change[n_before] < stop
                    if first_after or (n_before and growth * (t - change[n_before - 1]) < stop - t):
                        end = _next_end(t, stop, change, n_before, growth, longest)
                h = end - t
                while arrival < first[i + 1] and arrival_time[arrival] < end:
                    ligand = arrival_ligand[arrival]
                    released[ligand] += weights[arrival]
                    live[ligand] = True
                    arrival += 1
                moment = end if step_tick[n] else 0.5 * (t + end)
                while piece + 1 < len(bath_start) and bath_start[piece + 1] <= moment:
                    piece += 1
                around = bath_around[piece]
                free[:] = 0.0
                if live[0] or live[1] or live[2]:
                    if piece != known_piece or h != known_h:
                        known_piece, known_h = piece, h
                        _decays(decay[0], share[0], rates, around.uptake_da, h)
                        _decays(decay[1], share[1], rates, around.uptake_ach, h)
                        _decays(decay[2], share[2], rates, around.uptake_ne, h)
                    for ligand in range(3):
                        if live[ligand]:
                            free[ligand] = _mean_released(released[ligand], decay[ligand], share[ligand])
                _add_courses(free, courses, i, t, end, at)
                da, ach, ne = around.da + free[0], around.ach + free[1], around.ne + free[2]
                ca = mean_ca[i, row]
                if step_tick[n]:
                    _move(y[i], y[i], work[1], h, ca, da, ach, ne, pre[i, row] / h, around, p, q_basal,
                          head_volume[i], ca_scale[i])  # fmt: skip
                else:
                    _midpoint(y[i], work[0], work[1], h, ca, da, ach, ne, 0.0, around, p, q_basal,
                              head_volume[i], ca_scale[i])  # fmt: skip
                y[i] = work[1]
                t = end
