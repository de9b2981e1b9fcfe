"""What a request came to, when that was known, and which requests are old enough to be learned from.

A request succeeds when it is accepted and becomes a completed, well-rated mentorship. Anything not known yet is null,
never a failure.
"""

from datetime import datetime, timedelta

import polars as pl

# A mentee's rating from which a completed mentorship counts as well rated, of 1 to 5.
WELL_RATED = 4
# By then a request was answered or has expired.
ANSWER_DAYS = 14
# Requests younger than most mentorships last are left out: of those only the refusals and failures are known already.
MATURITY_QUANTILE = 0.9

HISTORY_COLUMNS: dict[str, pl.DataType] = {
    "showing_id": pl.String(),
    "mentee_id": pl.String(),
    "mentor_id": pl.String(),
    "shown_at": pl.Datetime("us", "UTC"),
    "rank": pl.Int64(),
    "propensity": pl.Float64(),
    "is_requested": pl.Boolean(),
    "requested_at": pl.Datetime("us", "UTC"),
    "is_accepted": pl.Boolean(),
    "is_completed": pl.Boolean(),
    "rating": pl.Int64(),
    "mentor_rating": pl.Int64(),
    "ended_at": pl.Datetime("us", "UTC"),
}


def is_success() -> pl.Expr:
    """1 completed and not rated below 4; 0 refused, expired, ended early or rated below 4; null where still open.

    A completed mentorship without a rating counts as a success: leaving those out would leave out successes alone and
    make every chance too low.
    """
    return (
        pl.when(~pl.col("is_requested"))
        .then(None)
        .when(~pl.col("is_accepted"))
        .then(False)
        .when(pl.col("ended_at").is_null())
        .then(None)
        .when(~pl.col("is_completed"))
        .then(False)
        .otherwise(pl.col("rating").fill_null(WELL_RATED) >= WELL_RATED)
    )


def known_at() -> pl.Expr:
    """When what a request came to was known: at the end of the mentorship, for refusals when an answer was due."""
    answer_due = pl.col("requested_at") + timedelta(days=ANSWER_DAYS)
    return pl.when(pl.col("is_accepted")).then(pl.max_horizontal("ended_at", answer_due)).otherwise(answer_due)


def labelled_requests(history: pl.DataFrame, *, until: datetime | None = None) -> pl.DataFrame:
    """The requests to learn from: known by `until` (default: the last thing recorded) and old enough, oldest first.

    Adds `is_success` and `known_at`. Old enough means: made before 9 of 10 mentorships made then would have ended.
    """
    asked = history.filter(pl.col("is_requested") & pl.col("requested_at").is_not_null())
    asked = asked.with_columns(is_success().alias("is_success"), known_at().alias("known_at"))
    last = until or history.select(pl.max_horizontal(pl.col("requested_at", "ended_at").max())).item()
    if last is None:
        return asked.clear()
    asked = asked.filter(pl.col("known_at").is_null() | (pl.col("known_at") <= last))
    lasted = asked.filter("is_accepted").select((pl.col("ended_at") - pl.col("requested_at")).alias("lasted"))
    typical = lasted["lasted"].drop_nulls().quantile(MATURITY_QUANTILE, "higher")
    newest = last - (typical if isinstance(typical, timedelta) else timedelta(days=ANSWER_DAYS))
    return asked.filter(pl.col("is_success").is_not_null() & (pl.col("requested_at") <= newest)).sort(
        "requested_at", "mentee_id", "mentor_id"
    )
