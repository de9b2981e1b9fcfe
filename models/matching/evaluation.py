"""Judges ways of ranking on requests they were not fitted on: new mentees, new mentors, and a later time.

The newest quarter of the requests is never used for fitting or choosing; what is learned there was known before it
began. Every difference to the written formula has an interval over whole mentees. How single figures are computed is
in `metrics` and `off_policy`; choosing is in `training`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np
import polars as pl

from models.matching import metrics, off_policy
from models.matching.candidates import (
    FORMULA,
    Candidate,
    Prediction,
    Predictor,
    Rows,
    Training,
    all_candidates,
    one_thread,
)
from models.matching.labels import labelled_requests
from models.matching.metrics import Doubles, Flags, Statistic, Whole

NEWEST_SHARE = 0.25
FOLDS = 3
BY_MENTEE, BY_MENTOR, BY_TIME = "mentee", "mentor", "time"
FEWEST_IN_SLICE = 50
# Fewer requests or outcomes of a kind than this cannot be split at all.
FEWEST_TO_EVALUATE = 20
# A slice: what it is called, and the column or feature that tells it.
SLICES = {"region": "mentee_region", "level": "mentee_level", "remote": "is_remote_pair", "new mentor": "is_new_mentor"}
# What nothing was learned by; slices are of what was.
YARDSTICKS = (FORMULA, "popularity", "random")
GAIN_METRICS = ("log_loss", "auc", "ndcg", "brier")


class TooFewOutcomesError(ValueError):
    """Not enough requests with a known outcome, or outcomes of one kind only; the message says how many there are."""


@dataclass(frozen=True)
class Evaluation:
    """What was found. Frames are in the order of the candidates.

    comparison: one row per split and candidate (count, success_share, ndcg, auc, log_loss, brier, calibration_error,
    rndcg, coverage, stability, ...). gains: over the formula by split, candidate and metric, positive when better.
    slices: the newest requests by region, level, remote and new mentors. exposure: how lists spread attention.
    off_policy: successes per list from its first place, if this candidate had ranked. oracle: true chance of whom it
    puts first and its share of what perfect knowledge gains over the formula (None without the truth).
    """

    comparison: pl.DataFrame
    gains: pl.DataFrame
    reliability: dict[str, list[dict[str, float]]]
    slices: pl.DataFrame
    exposure: pl.DataFrame
    off_policy: pl.DataFrame
    oracle: pl.DataFrame | None
    window: dict[str, str | int]

    def gain(self, candidate: str, metric: str, split: str = BY_TIME) -> metrics.Interval:
        """The gain over the formula with its interval."""
        row = self.gains.row(
            by_predicate=(pl.col("candidate") == candidate) & (pl.col("metric") == metric) & (pl.col("split") == split),
            named=True,
        )
        return metrics.Interval(row["gain"], row["low"], row["high"])

    def figure(self, candidate: str, name: str, split: str = BY_TIME) -> float:
        found = self.comparison.filter((pl.col("candidate") == candidate) & (pl.col("split") == split))
        return float(found[name].item())


@dataclass(frozen=True)
class _Test:
    """Held-out rows of one split and what each candidate says about them."""

    split: str
    rows: Rows
    predictions: dict[str, Prediction]


def evaluate(
    history: pl.DataFrame,
    candidates: Mapping[str, Candidate] | None = None,
    *,
    chance: Doubles | None = None,
    random_state: int = 0,
    until: datetime | None = None,
) -> Evaluation:
    """Fit and judge every candidate on a history in `HISTORY_COLUMNS` with its features.

    `chance` is the true chance of every row where it is known (a simulation). Candidates must hold the formula. Without
    showings (`propensity` null) what is judged by lists is empty. Raises `TooFewOutcomesError`.
    """
    with one_thread():
        return _evaluate(history, candidates or all_candidates(), chance, random_state, until)


def _evaluate(
    history: pl.DataFrame,
    candidates: Mapping[str, Candidate],
    chance: Doubles | None,
    random_state: int,
    until: datetime | None,
) -> Evaluation:
    mentees, mentors = history["mentee_id"].unique().sort(), history["mentor_id"].unique().sort()
    if chance is not None:
        history = history.with_columns(pl.Series("true_chance", chance))
    older, newest, cut = split_by_time(history, until=until)
    old_rows, new_rows = (Rows.of(frame, mentees, mentors) for frame in (older, newest))
    training = Training(old_rows, Rows.of(history.filter(pl.col("shown_at") < cut), mentees, mentors))
    tests = [_cross_fitted(split, candidates, training, random_state) for split in (BY_MENTEE, BY_MENTOR)]
    fitted = {name: candidate.fit(training, random_state=random_state) for name, candidate in candidates.items()}
    by_time = _Test(BY_TIME, new_rows, {name: predict(new_rows) for name, predict in fitted.items()})
    tests.append(by_time)
    lists = _Lists(history, fitted, mentees, mentors, cut, newest["requested_at"].max())  # type: ignore[arg-type]
    return Evaluation(
        comparison=pl.DataFrame([row for test in tests for row in _figures(test)]),
        gains=pl.DataFrame([row for test in tests for row in _gains(test, random_state)]),
        reliability={
            name: metrics.reliability_curve(new_rows.happened, said.chance)
            for name, said in by_time.predictions.items()
        },
        slices=_slices(by_time, newest, random_state),
        exposure=lists.exposure(),
        off_policy=lists.off_policy(),
        oracle=lists.oracle() if chance is not None else None,
        window={
            "first_request": older["requested_at"].dt.strftime("%Y-%m-%d").to_list()[0],
            "held_out_from": f"{cut:%Y-%m-%d}",
            "last_request": newest["requested_at"].dt.strftime("%Y-%m-%d").to_list()[-1],
            "fitted_requests": len(older),
            "held_out_requests": len(newest),
            "fitted_successes": int(old_rows.happened.sum()),
            "held_out_successes": int(new_rows.happened.sum()),
        },
    )


def split_by_time(
    history: pl.DataFrame, *, until: datetime | None = None
) -> tuple[pl.DataFrame, pl.DataFrame, datetime]:
    """Requests whose outcome was known, and old enough, when the newest quarter began; that quarter; when it began."""
    requests = labelled_requests(history, until=until)
    if len(requests) < FEWEST_TO_EVALUATE:
        raise TooFewOutcomesError(f"{len(requests)} requests have a known outcome; {FEWEST_TO_EVALUATE} are needed.")
    cut: datetime = requests["requested_at"].quantile(1 - NEWEST_SHARE, "higher")  # type: ignore[assignment]
    newest = requests.filter(pl.col("requested_at") >= cut)
    older = labelled_requests(history.filter(pl.col("requested_at") < cut), until=cut)
    for part, name in ((older, "before"), (newest, "within")):
        successes = int(part["is_success"].sum())
        if min(successes, len(part) - successes) < FEWEST_TO_EVALUATE // 2:
            raise TooFewOutcomesError(
                f"{successes} successes and {len(part) - successes} failures are known {name} the newest quarter; "
                f"{FEWEST_TO_EVALUATE // 2} of each are needed."
            )
    return older, newest, cut


def _cross_fitted(split: str, candidates: Mapping[str, Candidate], training: Training, random_state: int) -> _Test:
    """Each third of the people judged by what was fitted without them."""
    from sklearn.model_selection import GroupKFold

    rows = training.requests
    groups = rows.mentee if split == BY_MENTEE else rows.mentor
    folds = min(FOLDS, np.unique(groups).size)
    if folds < 2:
        raise TooFewOutcomesError(f"All requests are of one {split}.")
    made = {name: (np.zeros(len(rows)), np.zeros(len(rows))) for name in candidates}
    for _, unseen in GroupKFold(folds, shuffle=True, random_state=random_state).split(rows.features, groups=groups):
        people = np.unique(groups[unseen])
        others = training.without(*((people, None) if split == BY_MENTEE else (None, people)))
        for name, candidate in candidates.items():
            said = candidate.fit(others, random_state=random_state)(rows.part(unseen))
            made[name][0][unseen] = metrics.places_within(said.score)
            made[name][1][unseen] = said.chance
    return _Test(split, rows, {name: Prediction(score, chance) for name, (score, chance) in made.items()})


def _statistics(test: _Test, said: Prediction) -> dict[str, Statistic]:
    happened, mentee = test.rows.happened, test.rows.mentee
    known, clusters = np.unique(mentee, return_inverse=True)
    count = known.size
    return {
        "log_loss": metrics.mean_statistic(metrics.log_losses(happened, said.chance), clusters, count),
        "auc": metrics.auc_statistic(happened, said.score, clusters, count),
        "ndcg": metrics.ndcg_statistic(happened, said.score, clusters, np.arange(count), count),
        "brier": metrics.mean_statistic(metrics.brier_scores(happened, said.chance), clusters, count),
    }


def _figures(test: _Test) -> Iterator[dict[str, object]]:
    rows = test.rows
    for name, said in test.predictions.items():
        yield {
            "split": test.split,
            "candidate": name,
            "count": len(rows),
            "success_share": float(rows.happened.mean()),
            **{metric: statistic.value for metric, statistic in _statistics(test, said).items()},
            "calibration_error": metrics.calibration_error(rows.happened, said.chance),
            **metrics.reciprocal_metrics(rows.happened, said.score, rows.mentee, rows.mentor),
        }


def _gains(test: _Test, random_state: int) -> list[dict[str, object]]:
    formula = _statistics(test, test.predictions[FORMULA])
    names: list[dict[str, object]] = []
    pairs: list[tuple[Statistic, Statistic]] = []
    for name, said in test.predictions.items():
        if name == FORMULA:
            continue
        own = _statistics(test, said)
        for metric in GAIN_METRICS:
            # Of losses less is better.
            pairs.append(
                (own[metric], formula[metric]) if metric in ("auc", "ndcg") else (formula[metric], own[metric])
            )
            names.append({"split": test.split, "candidate": name, "metric": metric})
    intervals = metrics.bootstrap_differences(pairs, random_state=random_state)
    return [
        {**name, "gain": interval.value, "low": interval.low, "high": interval.high}
        for name, interval in zip(names, intervals, strict=True)
    ]


def _slices(test: _Test, frame: pl.DataFrame, random_state: int) -> pl.DataFrame:
    rows: list[dict[str, object]] = []
    for title, column in SLICES.items():
        if column not in frame.columns:
            continue
        labels = frame[column]
        if labels.dtype.is_numeric():
            labels = (labels > 0.5).replace_strict({True: "yes", False: "no"}, return_dtype=pl.String)
        for value in labels.drop_nulls().unique().sort():
            is_in = (labels == value).fill_null(False).to_numpy()
            for name, said in test.predictions.items():
                if name not in YARDSTICKS:
                    rows.append({"slice": title, "value": value, **_slice(test, is_in, name, said, random_state)})
    return pl.DataFrame(rows, infer_schema_length=None)


def _slice(test: _Test, is_in: Flags, name: str, said: Prediction, random_state: int) -> dict[str, object]:
    """Figures of one slice; none where it holds too little to say anything."""
    part = test.rows.part(is_in)
    own, formula = (Prediction(each.score[is_in], each.chance[is_in]) for each in (said, test.predictions[FORMULA]))
    found: dict[str, object] = {"candidate": name, "count": len(part), "success_share": float(part.happened.mean())}
    if len(part) < FEWEST_IN_SLICE:
        return {**found, "state": "too few"}
    one, other = (_statistics(_Test("", part, {}), each) for each in (own, formula))
    gain = metrics.bootstrap_difference(other["log_loss"], one["log_loss"], random_state=random_state)
    return {
        **found,
        "state": "measured",
        "predicted_share": float(own.chance.mean()),
        "auc": one["auc"].value,
        "formula_auc": other["auc"].value,
        "log_loss_gain": gain.value,
        "low": gain.low,
        "high": gain.high,
    }


class _Lists:
    """The lists shown in the held-out time, ranked anew by every candidate."""

    def __init__(
        self,
        history: pl.DataFrame,
        fitted: Mapping[str, Predictor],
        mentees: pl.Series,
        mentors: pl.Series,
        cut: datetime,
        last: datetime,
    ) -> None:
        from models.matching.labels import is_success

        shown = history.filter(
            pl.col("showing_id").is_not_null() & pl.col("rank").is_not_null() & pl.col("propensity").is_not_null()
        ).with_columns((pl.col("is_requested") & is_success().fill_null(False)).alias("is_success"))
        self.mentor_count = len(mentors)
        later = shown.filter(pl.col("shown_at").is_between(cut, last)).sort("showing_id", "rank")
        before = shown.filter((pl.col("shown_at") < cut) & (pl.col("rank") == 1))
        self.frame, self.rows = later, Rows.of(later, mentees, mentors)
        _, self.list_of = np.unique(later["showing_id"].to_numpy(), return_inverse=True)
        self.said = {name: predict(self.rows) for name, predict in fitted.items()} if len(later) else {}
        # Successes from first places per unit of chance, before the held-out time: what a first place is worth.
        old_rows = Rows.of(before, mentees, mentors)
        self.worth = {
            name: float(before["is_success"].mean() or 0) / max(float(fitted[name](old_rows).chance.mean()), 1e-9)  # type: ignore[arg-type]
            if len(before)
            else 0.0
            for name in self.said
        }

    def exposure(self) -> pl.DataFrame:
        rows = []
        for name, said in self.said.items():
            is_listed = metrics.ranks_within(said.in_lists, self.list_of) <= metrics.LIST_LENGTH
            rows.append({"candidate": name, **metrics.exposure(self.rows.mentor[is_listed], self.mentor_count)})
        return pl.DataFrame(rows)

    def off_policy(self) -> pl.DataFrame:
        first = (self.frame["rank"] == 1).to_numpy() if self.said else np.empty(0, dtype=bool)
        rows: list[dict[str, object]] = []
        for name, said in self.said.items():
            is_top = metrics.ranks_within(said.in_lists, self.list_of) == 1
            predicted = np.minimum(said.chance * self.worth[name], 1.0)
            target_predicted = np.bincount(
                self.list_of[is_top], weights=predicted[is_top], minlength=self.list_of.max() + 1
            )
            target = is_top[first].astype(np.float64)
            propensity = self.frame["propensity"].to_numpy()[first]
            reward = self.rows.happened[first].astype(np.float64)
            mentee = self.rows.mentee[first]
            for method, estimate in {
                "ips": off_policy.ips(target, propensity, reward, clusters=mentee),
                "self_normalised": off_policy.self_normalised(target, propensity, reward, clusters=mentee),
                "doubly_robust": off_policy.doubly_robust(
                    target, propensity, reward, predicted[first], target_predicted[self.list_of[first]], clusters=mentee
                ),
            }.items():
                rows.append({"candidate": name, "method": method, **asdict(estimate)})
            if name == FORMULA:
                logged = off_policy.logged_value(reward, clusters=mentee)
                rows.append({"candidate": "as shown", "method": "logged", **asdict(logged)})
        return pl.DataFrame(rows)

    def oracle(self) -> pl.DataFrame:
        truth = self.frame["true_chance"].to_numpy()
        best = float(np.mean(_firsts(truth, truth, self.list_of)))
        values = {name: float(np.mean(_firsts(said.score, truth, self.list_of))) for name, said in self.said.items()}
        served = {name: float(np.mean(_firsts(said.in_lists, truth, self.list_of))) for name, said in self.said.items()}
        room = best - values.get(FORMULA, best)
        rows = [
            {
                "candidate": name,
                "value": value,
                "value_as_listed": served[name],
                "oracle_share": (value - values[FORMULA]) / room if room > 1e-12 else None,
            }
            for name, value in values.items()
        ]
        return pl.DataFrame(
            [*rows, {"candidate": "oracle", "value": best, "oracle_share": 1.0}], infer_schema_length=None
        )


def _firsts(score: Doubles, truth: Doubles, list_of: Whole) -> Doubles:
    """The truth of whom each list puts first."""
    return np.asarray(truth[metrics.ranks_within(score, list_of) == 1], dtype=np.float64)
