"""The ways of ranking that are compared: learned additively, boosted trees, the written formula, popularity, chance.

Each is fitted on requests with known outcomes and then gives every row a score to rank by and a chance; all chances are
calibrated on the training part alone. How they are judged is in `evaluation`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.matching.additive import AdditiveMatcher
from models.matching.factors import FEATURE_NAMES, FEATURES
from models.matching.formula import formula_score
from models.matching.matcher import Matcher, create_head
from models.matching.metrics import Doubles, Flags, Whole, log_losses

# Of the training requests, by mentee; what is left out of the fit to calibrate on.
CALIBRATION_SHARE = 0.2
CALIBRATION_FOLDS = 5
# With fewer successes or failures to calibrate on, a learned chance is taken as it is.
FEWEST_TO_CALIBRATE = 40
SMALLEST_SLOPE = 0.05
# How firmly the additive model may be held to the formula; the loosest is tried on what was kept back, and given up for
# a firmer one, or for the formula itself, unless it is better by more than its standard error.
STRENGTHS = (1.0, 4.0, 16.0, 64.0, 256.0)
# So many requests are enough to choose it, and so many places in lists to learn who is asked.
MOST_TO_CHOOSE = 20_000
MOST_SHOWN = 100_000


@dataclass(frozen=True)
class Rows:
    """Pairs with their features (rows, `FEATURES`), numbered people, and what became of them.

    `happened`: the request succeeded; `is_asked` and `rank` (place in its list, nan without one) are of what was shown.
    """

    features: NDArray[np.float32]
    mentee: Whole
    mentor: Whole
    happened: Flags
    is_asked: Flags
    rank: Doubles

    def __len__(self) -> int:
        return len(self.features)

    def part(self, rows: Whole | Flags) -> "Rows":
        return Rows(
            self.features[rows],
            self.mentee[rows],
            self.mentor[rows],
            self.happened[rows],
            self.is_asked[rows],
            self.rank[rows],
        )

    @classmethod
    def of(cls, frame: pl.DataFrame, mentees: pl.Series, mentors: pl.Series) -> "Rows":
        """Of a history; people are numbered by their place in the given ids."""
        has_outcome = "is_success" in frame.columns
        return cls(
            frame.select(pl.col(FEATURE_NAMES).cast(pl.Float32)).to_numpy(),
            _codes(frame["mentee_id"], mentees),
            _codes(frame["mentor_id"], mentors),
            frame["is_success"].fill_null(False).to_numpy() if has_outcome else np.zeros(len(frame), dtype=bool),
            frame["is_requested"].fill_null(False).to_numpy(),
            frame["rank"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
        )


@dataclass(frozen=True)
class Training:
    """What a candidate may learn from: requests with known outcomes, and what was shown by then."""

    requests: Rows
    shown: Rows

    def without(self, mentees: Whole | None, mentors: Whole | None) -> "Training":
        """Neither requests nor showings of these people."""

        def kept(rows: Rows) -> Rows:
            is_kept = np.ones(len(rows), dtype=bool)
            if mentees is not None:
                is_kept &= ~np.isin(rows.mentee, mentees)
            if mentors is not None:
                is_kept &= ~np.isin(rows.mentor, mentors)
            return rows.part(is_kept)

        return Training(kept(self.requests), kept(self.shown))


@dataclass(frozen=True)
class Prediction:
    """What to rank requests by, the chance of success if asked, and what to rank a list by where that differs."""

    score: Doubles
    chance: Doubles
    list_score: Doubles | None = None

    @property
    def in_lists(self) -> Doubles:
        return self.score if self.list_score is None else self.list_score


Predictor = Callable[[Rows], Prediction]


class Candidate(Protocol):
    def fit(self, training: Training, *, random_state: int) -> Predictor: ...


@dataclass(frozen=True)
class WrittenFormula:
    """The formula's order; its chance is a logistic curve of the score fitted to the training outcomes."""

    def fit(self, training: Training, *, random_state: int) -> Predictor:
        rows = training.requests
        slope, intercept = fit_platt(_formula_odds(rows), rows.happened)
        return lambda other: Prediction(_formula_odds(other), _chance(slope * _formula_odds(other) + intercept))


@dataclass(frozen=True)
class Popularity:
    """Mentors in the order of how often they were asked."""

    def fit(self, training: Training, *, random_state: int) -> Predictor:
        rows = training.requests
        asked = np.bincount(rows.mentor)

        def score(other: Rows) -> Doubles:
            known = np.minimum(other.mentor, len(asked) - 1)
            return np.log1p(np.where(other.mentor < len(asked), asked[known], 0)).astype(np.float64)

        slope, intercept = fit_platt(score(rows) - score(rows).mean(), rows.happened, may_fall=True)
        shift = score(rows).mean()
        return lambda other: Prediction(score(other), _chance(slope * (score(other) - shift) + intercept))


@dataclass(frozen=True)
class RandomOrder:
    """Any order; the chance is the training share of successes."""

    def fit(self, training: Training, *, random_state: int) -> Predictor:
        rows = training.requests
        share = (rows.happened.sum() + 1) / (len(rows) + 2)
        return lambda other: Prediction(
            np.random.default_rng(random_state).random(len(other)), np.full(len(other), share)
        )


@dataclass(frozen=True)
class LearnedAdditive:
    """The additive model that starts at the formula, held to it as firmly as what was kept back asks for."""

    strengths: tuple[float, ...] = STRENGTHS

    def fit(self, training: Training, *, random_state: int) -> Predictor:
        matcher = self.fit_matcher(training, random_state=random_state)
        succeeds = matcher.succeeds
        assert succeeds is not None, "a learned matcher has both heads"  # noqa: S101  (for the type checker)

        def predict(other: Rows) -> Prediction:
            odds = succeeds.log_odds(other.features)
            return Prediction(odds, _chance(odds), matcher.score(other.features))

        return predict

    def fit_matcher(self, training: Training, *, random_state: int) -> Matcher:
        """Both heads: who is asked when shown, and what becomes of it."""
        return Matcher(
            fit_asking(training.shown, random_state=random_state),
            self.fit_success(training.requests, random_state=random_state),
        )

    def fit_success(self, rows: Rows, *, random_state: int) -> AdditiveMatcher:
        """Fitted on all rows, with the strength and calibration that suit mentees a first fit did not see."""
        seen, unseen = _keep_back(_some(rows, MOST_TO_CHOOSE, random_state), random_state)
        if min(unseen.happened.sum(), (~unseen.happened).sum(), seen.happened.sum()) < FEWEST_TO_CALIBRATE:
            return create_head().fit(rows.features, rows.happened)
        chosen, least = None, self._losses(seen, unseen, None)
        # From the firmest on, ever looser.
        for strength in sorted(self.strengths, reverse=True):
            losses = self._losses(seen, unseen, strength)
            gain = least - losses
            if gain.mean() > _clustered_error(gain, unseen.mentee):
                chosen, least = strength, losses
        return _fitted(rows, chosen).recalibrated(*self._calibration(rows, chosen, random_state))

    def _losses(self, seen: Rows, unseen: Rows, strength: float | None) -> Doubles:
        odds = _fitted(seen, strength).log_odds(unseen.features)
        slope, intercept = fit_platt(odds, unseen.happened)
        return log_losses(unseen.happened, _chance(slope * odds + intercept))

    def _calibration(self, rows: Rows, strength: float | None, random_state: int) -> tuple[float, float]:
        """From log odds of mentees left out of the fit, each part in its turn."""
        from sklearn.model_selection import GroupKFold

        few = _some(rows, MOST_TO_CHOOSE, random_state)
        folds = min(CALIBRATION_FOLDS, np.unique(few.mentee).size)
        if strength is None or folds < 2:
            return fit_platt(_fitted(few, strength).log_odds(rows.features), rows.happened)
        odds = np.empty(len(few))
        split = GroupKFold(folds, shuffle=True, random_state=random_state).split(few.features, groups=few.mentee)
        for seen, unseen in split:
            odds[unseen] = _fitted(few.part(seen), strength).log_odds(few.features[unseen])
        return fit_platt(odds, few.happened)


@dataclass(frozen=True)
class GradientBoosting:
    """Boosted trees (scikit-learn), never falling where a factor may not; free to find interactions."""

    iterations: int = 200
    parameters: dict[str, float] = field(default_factory=dict)

    def fit(self, training: Training, *, random_state: int) -> Predictor:
        rows = training.requests
        if min(rows.happened.sum(), (~rows.happened).sum()) < FEWEST_TO_CALIBRATE:
            return RandomOrder().fit(training, random_state=random_state)
        seen, unseen = _keep_back(rows, random_state)
        slope, intercept = fit_platt(self._odds(seen, random_state)(unseen.features), unseen.happened)
        odds = self._odds(rows, random_state)

        def predict(other: Rows) -> Prediction:
            own = odds(other.features)
            return Prediction(own, _chance(slope * own + intercept))

        return predict

    def _odds(self, rows: Rows, random_state: int) -> Callable[[NDArray[np.float32]], Doubles]:
        from sklearn.ensemble import HistGradientBoostingClassifier

        model = HistGradientBoostingClassifier(
            max_iter=self.iterations,
            learning_rate=0.05,
            max_leaf_nodes=12,
            min_samples_leaf=40,
            l2_regularization=5.0,
            monotonic_cst=[int(feature.is_increasing) for feature in FEATURES],
            early_stopping=True,
            validation_fraction=0.15,
            n_iter_no_change=10,
            random_state=random_state,
        ).set_params(**self.parameters)
        model.fit(rows.features, rows.happened)
        return lambda features: np.asarray(model.decision_function(features), dtype=np.float64)


FORMULA, ADDITIVE, BOOSTING = "formula", "additive", "boosting"


def one_thread() -> AbstractContextManager[object]:
    """Keep the numerical libraries to one thread each while fitting.

    Theirs wait for each other by spinning: where others compute too, two take up to twenty times as long as one.
    """
    # A limit reaches only libraries that are loaded already.
    import sklearn.ensemble  # noqa: F401
    from threadpoolctl import threadpool_limits

    limit: AbstractContextManager[object] = threadpool_limits(1)
    return limit


def all_candidates() -> dict[str, Candidate]:
    return {
        ADDITIVE: LearnedAdditive(),
        BOOSTING: GradientBoosting(),
        FORMULA: WrittenFormula(),
        "popularity": Popularity(),
        "random": RandomOrder(),
    }


def fit_asking(shown: Rows, *, random_state: int) -> AdditiveMatcher:
    """Head of the chance that a mentee asks whom she is shown, whatever place in the list that was.

    The place draws requests too and follows the formula, so it is a feature of the fit, held at its average afterwards;
    otherwise the formula's order would be learned back from itself. Without lists nothing is known about asking: the
    head is flat, and the match ranks by what becomes of requests alone.
    """
    listed = shown.part(np.isfinite(shown.rank))
    if min(listed.is_asked.sum(), (~listed.is_asked).sum()) < FEWEST_TO_CALIBRATE:
        return _flat_head()
    listed = _some(listed, MOST_SHOWN, random_state)
    place = 1 / listed.rank
    head = create_head()
    parameters = head.get_params()
    wider = AdditiveMatcher(
        **{
            **parameters,
            "prior_weights": [*parameters["prior_weights"], 0.0],
            "monotone": [*parameters["monotone"], True],
        }
    ).fit(np.column_stack([listed.features, place]), listed.is_asked)
    average = float(wider.contributions(np.column_stack([listed.features, place]))[:, -1].mean())
    head.fit_prior()
    head.steps_ = wider.steps_[:-1].copy()
    head.scale_ = wider.scale_
    head.intercept_ = wider.intercept_ + average
    return head


def _flat_head() -> AdditiveMatcher:
    """The same chance for everybody, all but 1."""
    head = create_head().fit_prior()
    head.steps_ = np.zeros_like(head.steps_)
    head.intercept_ = 16.0
    return head


def _fitted(rows: Rows, strength: float | None) -> AdditiveMatcher:
    """Held so firmly; None: not moved from the formula at all."""
    if strength is None:
        return create_head().fit_prior()
    return create_head(strength=strength).fit(rows.features, rows.happened)


def fit_platt(odds: Doubles, happened: Flags, *, may_fall: bool = False) -> tuple[float, float]:
    """Slope and intercept that turn log odds into calibrated ones (Platt 1999), drawn a little to slope 1.

    With few outcomes on either side the odds stay as they are. The slope stays positive unless it may fall.
    """
    if min(happened.sum(), (~happened).sum()) < FEWEST_TO_CALIBRATE:
        return 1.0, 0.0
    from scipy.optimize import minimize

    def loss(point: Doubles) -> tuple[float, Doubles]:
        own = point[0] * odds + point[1]
        away = _chance(own) - happened
        value = (np.logaddexp(0, own) - happened * own).sum() + (point[0] - 1) ** 2 / 2
        return float(value) / odds.size, np.array([away @ odds + point[0] - 1, away.sum()]) / odds.size

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS", options={"gtol": 1e-9})
    slope, intercept = (float(each) for each in found.x)
    if not may_fall and slope < SMALLEST_SLOPE:
        # No sign of the order in what happened: nearly the same chance for all, in that order.
        share = happened.mean()
        return SMALLEST_SLOPE, float(np.log(share / (1 - share)) - SMALLEST_SLOPE * odds.mean())
    return slope, intercept


def _keep_back(rows: Rows, random_state: int) -> tuple[Rows, Rows]:
    """Rows of most mentees, and those of a fifth of them."""
    mentees = np.unique(rows.mentee)
    kept_back = np.random.default_rng(random_state).random(mentees.size) < CALIBRATION_SHARE
    is_kept_back = kept_back[np.searchsorted(mentees, rows.mentee)]
    return rows.part(~is_kept_back), rows.part(is_kept_back)


def _some(rows: Rows, most: int, random_state: int) -> Rows:
    """At most so many rows, drawn by chance."""
    if len(rows) <= most:
        return rows
    return rows.part(np.sort(np.random.default_rng(random_state).choice(len(rows), size=most, replace=False)))


def _clustered_error(values: Doubles, clusters: Whole) -> float:
    """Standard error of the average, rows of one mentee counting as one observation."""
    _, codes = np.unique(clusters, return_inverse=True)
    sums = np.bincount(codes, weights=values - values.mean())
    return float(np.sqrt((sums**2).sum()) / len(values))


def _formula_odds(rows: Rows) -> Doubles:
    """On the scale of the additive model's prior."""
    return formula_score(rows.features) / 100 * 4 - 3


def _chance(odds: Doubles) -> Doubles:
    chance: Doubles = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
    return chance


def _codes(values: pl.Series, known: pl.Series) -> Whole:
    place = pl.int_range(len(known), eager=True)
    return values.replace_strict(known, place, return_dtype=pl.Int64).to_numpy()
