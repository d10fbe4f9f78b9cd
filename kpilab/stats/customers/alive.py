"""Who is still a customer, where nobody says so: BG/NBD and Pareto/NBD.

References: Fader, Hardie, Lee (2005), "Counting your customers" the easy way: an alternative to the
Pareto/NBD model; Fader, Hardie (2005), A note on deriving the Pareto/NBD model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln, hyp2f1

Array = NDArray[np.float64]
Model = Literal["bg_nbd", "pareto_nbd"]
FARTHEST = 50.0  # logarithm: a parameter that the data do not hold wanders off without a limit
START = {"bg_nbd": (0.3, 5.0, 0.8, 2.5), "pareto_nbd": (0.5, 10.0, 0.6, 10.0)}


@dataclass(frozen=True, slots=True, eq=False)
class Buyers:
    """Customers alike: `x` orders after the first, the last of them at age `last`, observed up to
    age `age`; `n` such customers. Ages in one unit."""

    x: Array
    last: Array
    age: Array
    n: Array


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Attributes:
    model: which one. values: its parameters (r, alpha, a, b or r, alpha, s, beta).
    spread: covariance of their logarithms. likelihood: its logarithm at the maximum.
    """

    model: Model
    values: Array
    spread: Array
    likelihood: float


def fitted(buyers: Buyers, model: Model) -> Fit:
    """Maximum likelihood."""
    # Loads slowly, and is asked for here alone.
    from scipy.optimize import minimize

    total = buyers.n.sum()
    scale = float(np.average(buyers.age, weights=buyers.n)) / 35.0

    def loss(logs: Array) -> float:
        with np.errstate(all="ignore"):
            value = -float((buyers.n * likelihood(model, np.exp(logs), buyers)).sum()) / total
        return value if np.isfinite(value) else 1e6

    start = np.array(START[model]) * (
        [1, scale, 1, 1] if model == "bg_nbd" else [1, scale, 1, scale]
    )
    found = minimize(loss, np.log(start), method="Nelder-Mead",
                     options={"maxiter": 4000, "xatol": 1e-7, "fatol": 1e-11})  # fmt: skip
    spread = np.linalg.pinv(_curvature(loss, found.x) * total)
    return Fit(model, np.exp(found.x), spread, -float(found.fun) * total)


def _curvature(loss: object, at: Array, step: float = 1e-3) -> Array:
    """Second derivatives."""
    k = len(at)
    found, unit = np.empty((k, k)), np.eye(k) * step
    for i in range(k):
        for j in range(k):
            signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
            terms = [s * t * loss(at + s * unit[i] + t * unit[j]) for s, t in signs]  # type: ignore[operator]  # a function
            found[i, j] = sum(terms) / (4 * step**2)
    return found


def likelihood(model: Model, values: Array, buyers: Buyers) -> Array:
    """Logarithm of the likelihood of one customer of each kind."""
    x, last, age = buyers.x, buyers.last, buyers.age
    if model == "bg_nbd":
        r, alpha, a, b = values
        here = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        stays = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + age)
        left = betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b)
        left = np.where(x > 0, left - (r + x) * np.log(alpha + last), -np.inf)
        return here + np.logaddexp(stays, left)
    r, alpha, s, beta = values
    here = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    larger, apart, of = max(alpha, beta), abs(alpha - beta), r + s + x
    second = np.where(alpha >= beta, s + 1, r + x)

    def term(t: Array) -> Array:
        return np.log(hyp2f1(of, second, of + 1, apart / (larger + t))) - of * np.log(larger + t)

    stays = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
    first, then = term(last), term(age)
    left = first + np.log(np.maximum(-np.expm1(np.minimum(then - first, 0)), 1e-300))
    return here + np.logaddexp(stays, np.log(s / of) + left)


def alive(fit: Fit, buyers: Buyers, values: Array | None = None) -> Array:
    """Chance that a customer of each kind is still one."""
    values = fit.values if values is None else values
    x, last, age = buyers.x, buyers.last, buyers.age
    if fit.model == "bg_nbd":
        r, alpha, a, b = values
        with np.errstate(over="ignore"):  # odds without a limit: gone for certain
            odds = a / (b + (np.maximum(x, 1) - 1)) * ((alpha + age) / (alpha + last)) ** (r + x)
        return np.where(x > 0, 1 / (1 + odds), 1.0)
    r, alpha, s, beta = values
    stays = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    stays = stays - (r + x) * np.log(alpha + age) - s * np.log(beta + age)
    return np.exp(stays - likelihood("pareto_nbd", values, buyers))


def expected(fit: Fit, buyers: Buyers, ahead: float, values: Array | None = None) -> Array:
    """Orders that a customer of each kind will make within a time ahead."""
    values = fit.values if values is None else values
    r, alpha = values[0], values[1]
    chance = alive(fit, buyers, values)
    # Who never leaves makes most. Where hardly anybody leaves, the closed form loses its digits.
    most = (r + buyers.x) / (alpha + buyers.age) * ahead * chance
    with np.errstate(all="ignore"):
        found = _closed(fit, buyers, ahead, values, chance)
    return np.where((found >= 0) & (found <= most), found, most)


def excess(fit: Fit, buyers: Buyers, ahead: float) -> Array:
    """Variance of what a customer of each kind will order, beyond that of as many events by chance.

    Some have left already; those who have not each have a rate of their own, and stay for a time of
    their own.
    """
    here = np.maximum(alive(fit, buyers), 1e-300)
    mean = expected(fit, buyers, ahead) / here  # of those who are still customers
    shape = fit.values[0] + buyers.x
    whole = shape / (fit.values[1] + buyers.age) * ahead  # did nobody leave in that time
    # Of times that end by chance the squared coefficient of variation is that or two thirds of it.
    left = np.clip(1 - mean / np.maximum(whole, 1e-300), 0, 1)
    return np.maximum(here * mean**2 * ((1 + 1 / shape) * (1 + left) - here), 0)


def totals(mean: Array, more: Array, rng: np.random.Generator) -> Array:
    """Orders of each group, drawn once per row of means, with so much variance beyond chance."""
    mean = np.clip(mean, 1e-12, 1e15)
    size = np.clip(mean**2 / np.maximum(more, 1e-12), 1e-9, 1e15)
    return rng.poisson(np.minimum(rng.gamma(size, mean / size), 1e15)).astype(float)


def _closed(fit: Fit, buyers: Buyers, ahead: float, values: Array, chance: Array) -> Array:
    x, age = buyers.x, buyers.age
    if fit.model == "bg_nbd":
        r, alpha, a, b = values
        shape = hyp2f1(r + x, b + x, a + b + x - 1, ahead / (alpha + age + ahead))
        grows = 1 - ((alpha + age) / (alpha + age + ahead)) ** (r + x) * shape
        return (a + b + x - 1) / (a - 1) * grows * chance
    r, alpha, s, beta = values
    grows = 1 - ((beta + age) / (beta + age + ahead)) ** (s - 1)
    return (r + x) * (beta + age) / ((alpha + age) * (s - 1)) * grows * chance


def drawn(fit: Fit, draws: int, rng: np.random.Generator) -> Array:
    """Parameters as uncertain as they are: one row per draw."""
    found = rng.multivariate_normal(np.log(fit.values), fit.spread, draws, method="eigh")
    return np.exp(np.clip(found, -FARTHEST, FARTHEST))
