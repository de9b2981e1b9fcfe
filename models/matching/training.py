"""Trains the learned match and decides, on requests it has not seen, whether it may take the formula's place.

The decision is by held-out loss and is made to disappoint: the learned match serves only when it beats the written
formula by more than chance. Whatever comes out is told in the card.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
import polars as pl

from models.matching.candidates import (
    ADDITIVE,
    BOOSTING,
    FEWEST_TO_CALIBRATE,
    FORMULA,
    LearnedAdditive,
    Rows,
    Training,
    all_candidates,
    one_thread,
)
from models.matching.card import Card, describe_data, write_card
from models.matching.evaluation import BY_MENTEE, BY_TIME, Evaluation, TooFewOutcomesError, evaluate
from models.matching.labels import labelled_requests
from models.matching.matcher import Matcher
from models.matching.metrics import Doubles

# Requests with a known outcome below which nothing is learned, and successes and failures of each.
MIN_OUTCOMES = 300
MIN_OF_EACH_KIND = FEWEST_TO_CALIBRATE
# Of the log loss; a gain smaller than this helps nobody, however sure it is.
SMALLEST_GAIN = 0.001


class Decision(StrEnum):
    """Why the learned match serves, or the formula still does."""

    LEARNED = "learned"
    TOO_FEW = "too_few_outcomes"
    NO_SIGNAL = "no_signal"
    NO_BETTER = "no_better_than_the_formula"


@dataclass(frozen=True)
class Trained:
    """What may serve, why, and what was measured (None where there was too little to measure)."""

    matcher: Matcher
    decision: Decision
    card: Card
    evaluation: Evaluation | None


def train(
    history: pl.DataFrame,
    *,
    random_state: int = 0,
    min_outcomes: int = MIN_OUTCOMES,
    until: datetime | None = None,
    ledger_size: int | None = None,
    chance: Doubles | None = None,
) -> Trained:
    """Compare the additive model, gradient boosting and the formula by held-out loss; learn, or keep the formula.

    `history` is in `HISTORY_COLUMNS` with the features as of each row; `chance` the true chances where they are known.
    Chosen are strength and candidate on older requests by mentees that were left out; confirmed is the choice on the
    newest quarter, which nothing was chosen on. What serves is then fitted on everything. Gradient boosting is compared
    but cannot serve: its scores have no parts that add up to them. Deterministic given `random_state`.
    """
    requests = labelled_requests(history, until=until)
    successes = int(requests["is_success"].sum())
    data = describe_data(history, requests, ledger_size)
    formula = Matcher()
    if len(requests) < min_outcomes or min(successes, len(requests) - successes) < MIN_OF_EACH_KIND:
        text = (
            f"Too few outcomes: {len(requests)} requests are known to have ended, {successes} of them well. "
            f"At least {min_outcomes} are needed, {MIN_OF_EACH_KIND} of them well and {MIN_OF_EACH_KIND} not. "
            "The written formula serves."
        )
        return Trained(formula, Decision.TOO_FEW, write_card(Decision.TOO_FEW, text, data, formula), None)
    try:
        found = evaluate(history, all_candidates(), chance=chance, random_state=random_state, until=until)
    except TooFewOutcomesError as error:
        text = f"Too few outcomes to hold any out. {error} The written formula serves."
        return Trained(formula, Decision.TOO_FEW, write_card(Decision.TOO_FEW, text, data, formula), None)
    decision, text = decide(found)
    matcher = fit_matcher(history, random_state=random_state, until=until) if decision is Decision.LEARNED else formula
    return Trained(matcher, decision, write_card(decision, text, data, matcher, found), found)


def fit_matcher(history: pl.DataFrame, *, random_state: int = 0, until: datetime | None = None) -> Matcher:
    """The learned match of a whole history, whatever it is worth; `train` tells that."""
    requests = labelled_requests(history, until=until)
    people = history["mentee_id"].unique().sort(), history["mentor_id"].unique().sort()
    shown = history if until is None else history.filter(pl.col("shown_at") <= until)
    training = Training(Rows.of(requests, *people), Rows.of(shown, *people))
    with one_thread():
        return LearnedAdditive().fit_matcher(training, random_state=random_state)


def decide(found: Evaluation) -> tuple[Decision, str]:
    """Whether the learned match may serve, with the reason in plain words.

    It may when, among mentees left out, its loss is below the calibrated formula's by at least `SMALLEST_GAIN` with an
    interval above 0, and on the newest quarter it is below too and the order no worse.
    """
    chosen_on, confirmed_on = (found.gain(ADDITIVE, "log_loss", split) for split in (BY_MENTEE, BY_TIME))
    area = found.gain(ADDITIVE, "auc")
    boosting = found.gain(BOOSTING, "log_loss", BY_MENTEE)
    if chosen_on.low > 0 and chosen_on.value >= SMALLEST_GAIN and confirmed_on.value > 0 and area.value >= 0:
        return Decision.LEARNED, _learned_text(found, boosting.value - chosen_on.value)
    # The formula against the same chance for everybody; its gain is the other's loss.
    over_chance = found.gain("random", "log_loss", BY_MENTEE)
    if over_chance.high >= 0 and boosting.low <= 0:
        return Decision.NO_SIGNAL, (
            "No signal: neither the written formula nor anything learned foresees how requests end better than giving "
            f"everybody the same chance of {found.figure(FORMULA, 'success_share'):.0%}. The written formula serves, "
            "and its order has not been shown to matter."
        )
    if max(abs(edge) for edge in (chosen_on.value, confirmed_on.value)) < SMALLEST_GAIN:
        text = (
            "The learned match is no better than the written formula: what happened asked for no departure from the "
            "written weights that held for requests it had not seen. The written formula serves."
        )
        return Decision.NO_BETTER, text
    text = (
        f"The learned match is not surely better than the written formula: its loss is lower by {chosen_on.value:.4f} "
        f"({chosen_on.low:.4f} to {chosen_on.high:.4f}) on requests of other mentees and by {confirmed_on.value:.4f} "
        f"({confirmed_on.low:.4f} to {confirmed_on.high:.4f}) on the newest quarter. The written formula serves."
    )
    return Decision.NO_BETTER, text


def _learned_text(found: Evaluation, left: float) -> str:
    area, loss, ndcg = (found.gain(ADDITIVE, metric) for metric in ("auc", "log_loss", "ndcg"))
    error = found.figure(ADDITIVE, "calibration_error")
    own, formula = found.figure(ADDITIVE, "auc"), found.figure(FORMULA, "auc")
    text = (
        f"The learned match serves: on the newest quarter of the requests, which it was neither fitted nor chosen on, "
        f"it tells good from bad ones in {own:.0%} of comparisons, the written formula in {formula:.0%} "
        f"(gain {area.low:.3f} to {area.high:.3f}). Its loss is lower by {loss.value:.4f} ({loss.low:.4f} to "
        f"{loss.high:.4f}), NDCG changes by {ndcg.value:+.3f} ({ndcg.low:+.3f} to {ndcg.high:+.3f}), and its chances "
        f"are off by {100 * error:.1f} percentage points on average."
    )
    if np.isfinite(left) and left > 0:
        text += (
            f" Gradient boosting, whose scores cannot be taken apart, would have a loss lower by another {left:.4f} "
            "among other mentees."
        )
    return text
