"""Measures of a match on requests whose outcome is known: ranking, chance, both sides, and intervals of differences.

Plain arrays in, numbers out. Groups and clusters are whole numbers from 0. What is compared with what is decided in
`evaluation`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]

SMALLEST_CHANCE = 1e-6
BINS = 10
# A list of so many is what someone looks at.
LIST_LENGTH = 3
REPETITIONS = 1_000
_REPETITIONS_AT_ONCE = 50


@dataclass(frozen=True)
class Interval:
    """A figure with the 2.5 and 97.5 percentiles of its bootstrap."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Statistic:
    """A figure as a sum of ratios of sums over clusters, so that resampling clusters needs no second look at rows.

    value = constant + sum over k of (sum of numerators[k]) / (sum of denominators[k]).
    """

    numerators: Doubles
    denominators: Doubles
    constant: float = 0.0

    @property
    def value(self) -> float:
        return self.constant + float(_ratio(self.numerators.sum(axis=1), self.denominators.sum(axis=1)).sum())

    def resampled(self, weights: Doubles) -> Doubles:
        """The value under each row of cluster weights."""
        ratios: Doubles = _ratio(weights @ self.numerators.T, weights @ self.denominators.T).sum(axis=1)
        return self.constant + ratios


def log_losses(happened: Flags, chance: Doubles) -> Doubles:
    """Of each row, in nats; chances are kept a millionth away from 0 and 1."""
    kept = np.clip(chance, SMALLEST_CHANCE, 1 - SMALLEST_CHANCE)
    return np.where(happened, -np.log(kept), -np.log1p(-kept))


def brier_scores(happened: Flags, chance: Doubles) -> Doubles:
    return (chance - happened) ** 2


def mean_statistic(values: Doubles, clusters: Whole, count: int) -> Statistic:
    """The average over rows."""
    return Statistic(_sums(clusters, values, count)[None, :], _sums(clusters, None, count)[None, :])


def auc_statistic(happened: Flags, score: Doubles, clusters: Whole, count: int) -> Statistic:
    """Area under the curve: the chance that a success is scored above a failure, ties counting half.

    Resampled through the placements of each row (Obuchowski 1997), the first-order expansion of the area. NaN where
    there are only successes or only failures.
    """
    successes, failures = np.sort(score[happened]), np.sort(score[~happened])
    if not successes.size or not failures.size:
        return Statistic(np.full((1, count), np.nan), np.ones((1, count)))
    placement = np.empty(score.size)
    placement[happened] = _below(failures, score[happened]) / failures.size
    placement[~happened] = 1 - _below(successes, score[~happened]) / successes.size
    area = float(placement[happened].mean())
    sides = [happened, ~happened]
    return Statistic(
        np.stack([_sums(clusters[side], placement[side], count) for side in sides]),
        np.stack([_sums(clusters[side], None, count) for side in sides]),
        -area,
    )


def ndcg_statistic(happened: Flags, score: Doubles, groups: Whole, clusters_of: Whole, count: int) -> Statistic:
    """Average NDCG over the groups with at least two requests and both a success and a failure.

    `clusters_of` is the cluster of each group. Ties in the score are broken by chance, always the same.
    """
    gains, sizes, hits = _group_ndcg(happened, score, groups, len(clusters_of))
    is_judged = (sizes > hits) & (hits > 0)
    return Statistic(
        _sums(clusters_of[is_judged], gains[is_judged], count)[None, :],
        _sums(clusters_of[is_judged], None, count)[None, :],
    )


def calibration_error(happened: Flags, chance: Doubles) -> float:
    """Expected calibration error over ten bins of equally many rows: how far chances are from what happened."""
    curve = reliability_curve(happened, chance)
    total = sum(part["count"] for part in curve)
    gaps = (part["count"] * abs(part["predicted"] - part["observed"]) for part in curve)
    return float(sum(gaps) / total) if total else float("nan")


def reliability_curve(happened: Flags, chance: Doubles, bins: int = BINS) -> list[dict[str, float]]:
    """Ten groups of rows by chance, with what was predicted, what happened, and the 95 % interval of that (Wilson)."""
    if not chance.size:
        return []
    order = np.argsort(chance, kind="stable")
    curve = []
    for rows in np.array_split(order, min(bins, chance.size)):
        observed, count = float(happened[rows].mean()), float(rows.size)
        low, high = _wilson(observed, count)
        curve.append(
            {"predicted": float(chance[rows].mean()), "observed": observed, "low": low, "high": high, "count": count}
        )
    return curve


def reciprocal_metrics(happened: Flags, score: Doubles, mentees: Whole, mentors: Whole) -> dict[str, float]:
    """Both sides at once: each success is ranked among its mentee's requests and in its mentor's inbox.

    After Yang et al. 2024 (arXiv 2408.09748), with lists of three. `coverage`: share of successes on at least one of
    the two lists; `stability`: share on both; `*_precision`: share of successes among the pairs on at least one list,
    or on both; `rndcg`: successes discounted by their ranks on both sides, over what the outcomes themselves reach.
    """
    ranks = [ranks_within(score, side) for side in (mentees, mentors)]
    on_one, on_both = ((rank <= LIST_LENGTH) for rank in (np.minimum(*ranks), np.maximum(*ranks)))
    ideal = [ranks_within(happened.astype(np.float64), side) for side in (mentees, mentors)]
    best = _both_sides_gain(happened, ideal)
    return {
        "rndcg": _both_sides_gain(happened, ranks) / best if best else float("nan"),
        "coverage": _share(on_one[happened]),
        "stability": _share(on_both[happened]),
        "coverage_precision": _share(happened[on_one]),
        "stability_precision": _share(happened[on_both]),
    }


def bootstrap_difference(
    first: Statistic, second: Statistic, *, random_state: int, repetitions: int = REPETITIONS
) -> Interval:
    """The first less the second, with the percentile interval of drawing whole clusters anew."""
    return bootstrap_differences([(first, second)], random_state=random_state, repetitions=repetitions)[0]


def bootstrap_differences(
    pairs: Sequence[tuple[Statistic, Statistic]], *, random_state: int, repetitions: int = REPETITIONS
) -> list[Interval]:
    """The first less the second of each pair, with the percentile interval of drawing whole clusters anew.

    All are drawn alike, so that what they have in common cancels out; they must have the same clusters.
    """
    random = np.random.default_rng(random_state)
    count = pairs[0][0].numerators.shape[1]
    differences = np.empty((len(pairs), repetitions))
    for start in range(0, repetitions, _REPETITIONS_AT_ONCE):
        size = min(_REPETITIONS_AT_ONCE, repetitions - start)
        drawn = random.integers(count, size=(size, count)) + count * np.arange(size)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count).astype(np.float64)
        for row, (first, second) in enumerate(pairs):
            differences[row, start : start + size] = first.resampled(weights) - second.resampled(weights)
    return [_interval(first.value - second.value, row) for (first, second), row in zip(pairs, differences, strict=True)]


def exposure(shown: Whole, count: int) -> dict[str, float]:
    """How a ranking spreads attention over `count` mentors, from the mentors it puts on lists.

    `gini`: 0 when all are shown equally often; `top_decile_share`: share of places that the most shown tenth holds;
    `never_shown_share`: share of mentors on no list.
    """
    from models.matching.assignment import gini

    times = np.sort(np.bincount(shown, minlength=count))[::-1]
    tenth = max(round(count / 10), 1)
    return {
        "gini": gini(times),
        "top_decile_share": float(times[:tenth].sum() / max(times.sum(), 1)),
        "never_shown_share": _share(times == 0),
    }


def places_within(score: Doubles) -> Doubles:
    """Place of each score among all of them, 0..1, so that scores of separate fits can be pooled."""
    return np.asarray(_below(np.sort(score), score) / max(score.size, 1), dtype=np.float64)


def _interval(value: float, drawn: Doubles) -> Interval:
    sound = drawn[np.isfinite(drawn)]
    low, high = np.percentile(sound, [2.5, 97.5]) if sound.size else (np.nan, np.nan)
    return Interval(value, float(low), float(high))


def _ratio(numerator: Doubles, denominator: Doubles) -> Doubles:
    shares: Doubles = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=shares, where=denominator > 0)
    return shares


def _sums(groups: Whole, values: Doubles | None, count: int) -> Doubles:
    """Sum of the values, or number of rows, of each group."""
    return np.asarray(np.bincount(groups, weights=values, minlength=count), dtype=np.float64)


def _below(ordered: Doubles, values: Doubles) -> Doubles:
    """How many of the ordered ones lie below each value, equal ones counting half."""
    places = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return np.asarray(places / 2, dtype=np.float64)


def ranks_within(score: Doubles, groups: Whole) -> Whole:
    """Rank from 1 within the group, highest score first."""
    chance = np.random.default_rng(0).random(score.size)
    order = np.lexsort((chance, -score, groups))
    ordered = groups[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if order.size else np.empty(0, np.int64)
    sizes = np.diff(np.r_[starts, order.size])
    ranks = np.empty(score.size, dtype=np.int64)
    ranks[order] = np.arange(order.size) - np.repeat(starts, sizes) + 1
    return ranks


def _group_ndcg(happened: Flags, score: Doubles, groups: Whole, count: int) -> tuple[Doubles, Doubles, Doubles]:
    hits = _sums(groups, happened.astype(np.float64), count)
    sizes = _sums(groups, None, count)
    gained = _sums(groups, happened / np.log2(1 + ranks_within(score, groups)), count)
    # The best is every success first: the sum of the first so many discounts.
    best = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, max(int(hits.max(initial=0)), 1) + 2)))])
    return _ratio(gained, best[hits.astype(np.int64)]), sizes, hits


def _both_sides_gain(happened: Flags, ranks: list[Whole]) -> float:
    discount = 1 / (np.log2(1 + ranks[0]) * np.log2(1 + ranks[1]))
    return float(discount[happened].sum())


def _share(flags: Flags) -> float:
    return float(flags.mean()) if flags.size else float("nan")


def _wilson(share: float, count: float, z: float = 1.959963984540054) -> tuple[float, float]:
    centre = share + z**2 / (2 * count)
    width = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return float((centre - width) / (1 + z**2 / count)), float((centre + width) / (1 + z**2 / count))
