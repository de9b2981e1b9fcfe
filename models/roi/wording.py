"""What is said of an estimate, in plain sentences for a manager: what is known, and what would change the answer."""

from typing import NamedTuple

from models.roi.outcomes import Outcome


class Said(NamedTuple):
    reason: str
    what_would_change: str


def _title(outcome: Outcome | None) -> str:
    return outcome.title if outcome else "the outcome"


def _amount(outcome: Outcome | None, value: float) -> str:
    if outcome is not None and outcome.is_share:
        return f"{100 * value:.2g} percentage points"
    return f"{value:.3g}"


def _signed(outcome: Outcome | None, value: float) -> str:
    return f"{'+' if value >= 0 else '−'}{_amount(outcome, abs(value))}"


def not_enough(outcome: Outcome | None, said: Said) -> Said:
    return Said(f"Not enough data on {_title(outcome)}: {said.reason}", said.what_would_change)


def no_results() -> Said:
    return Said("there are no results on record.", "Import the results of technicians' jobs.")


def nobody_trained() -> Said:
    return Said(
        "nobody whose results are on record was trained before the last month of them.",
        "Results from the months after the first training.",
    )


def nothing_before(months: int) -> Said:
    return Said(
        "nobody has results from before training, so nothing shows what changed.",
        f"Import results from at least {months} months before training, or wait for technicians trained from now on.",
    )


def too_constant(varying: int, needed: int) -> Said:
    return Said(
        "the results are the same throughout, so nothing can be seen to change."
        if varying == 0
        else f"the results of all but {varying} technicians are the same throughout, so no change can be told.",
        f"Results that differ for at least {needed} technicians; where hardly anything happens, that may take years.",
    )


def no_comparison(needed: int) -> Said:
    return Said(
        f"in the months after training fewer than {needed} technicians were not yet trained, so there is nobody to "
        "compare with; so it is when all are trained at once.",
        f"At least {needed} technicians who are trained later than the others or not at all: train in turns.",
    )


def too_few_trained(count: int, needed: int, who: str, months: int) -> Said:
    wholly = " Whole teams were trained at once, so teams count, not technicians." if who == "teams" else ""
    return Said(
        f"{count} trained {who} can be compared, and it takes {needed}.{wholly}",
        f"{needed - count} more {who} with results from at least {months} months before training and from after it"
        + (", or training in which only part of a team goes first." if who == "teams" else "."),
    )


def too_few_compared(count: int, needed: int, who: str) -> Said:
    return Said(
        f"{count} {who} were not yet trained in the same months, and it takes {needed} to compare with.",
        f"{needed - count} more {who} who are trained later or not at all.",
    )


def too_few_months(count: int, needed: int) -> Said:
    return Said(
        f"{count} months after training can be compared, and it takes {needed}.",
        f"Wait {needed - count} more months while some are not yet trained.",
    )


def too_unequal(who: str) -> Said:
    return Said(
        f"most of the jobs are those of very few {who}, so the result would be theirs alone.",
        f"More {who} with about as many jobs each.",
    )


def cannot_check_trends(months: int) -> Said:
    return Said(
        "whether technicians developed alike before training cannot be checked.",
        f"Results from more than {months} months before training, for those trained and for others.",
    )


def trends_differ(outcome: Outcome | None, pre_trend_p: float, placebo_p: float | None, level: float) -> Said:
    found = []
    if pre_trend_p < level:
        found.append(f"in the months before training (p = {pre_trend_p:.2g})")
    if placebo_p is not None and placebo_p < level:
        found.append(f"under a training date set too early (p = {placebo_p:.2g})")
    return Said(
        f"Trends differ: {_title(outcome)} already developed differently for those trained and those not yet trained, "
        f"{' and '.join(found)}. A change after training may be the same difference going on, so no effect is told.",
        "Choose who is trained first independently of recent results, for example by lot, or compare with technicians "
        "who had developed alike.",
    )


def effect_seen(outcome: Outcome | None, effect: float, low: float, high: float) -> Said:
    ends = sorted((abs(low), abs(high)))
    is_more = effect > 0
    verdict = ""
    if outcome is not None:
        verdict = " That is better." if is_more == outcome.is_more_better else " That is worse."
    return Said(
        f"After training, {_title(outcome)} changed by {_signed(outcome, effect)} against what those not yet trained "
        f"suggest (95 % interval: {_amount(outcome, ends[0])} to {_amount(outcome, ends[1])} "
        f"{'more' if is_more else 'less'}).{verdict}",
        "Another change that reached the trained alone at the same time, such as new tools or better routes, would "
        "explain it as well. More trained technicians and months narrow the interval.",
    )


def no_visible_effect(outcome: Outcome | None, effect: float, low: float, high: float) -> Said:
    return Said(
        f"No visible effect on {_title(outcome)}: the estimate is {_signed(outcome, effect)}, and the 95 % interval "
        f"from {_signed(outcome, low)} to {_signed(outcome, high)} includes no change.",
        f"An effect smaller than about {_amount(outcome, (high - low) / 2)} could not show in these data. Four times "
        "as many trained technicians or months would halve that.",
    )
