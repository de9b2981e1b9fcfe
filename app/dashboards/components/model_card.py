"""The card of a learned model: verdict, gain over what is written down, calibration, slices, exposure, versions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from app.dashboards import session
from app.dashboards.charts import models as charts
from app.dashboards.components.charts import show_chart
from app.dashboards.components.figures import Figure, show_figures
from app.dashboards.components.frame import say_empty
from app.dashboards.components.receipts import writer
from app.dashboards.components.tables import Column, Empty, show_frame
from app.dashboards.formats import to_instant, to_number, to_percent, to_plural, to_words
from app.dashboards.use_cases import models
from app.dashboards.use_cases.models import ModelView
from app.dashboards.viewer import Viewer
from operational_db import clock
from operational_db.errors import DomainError
from operational_db.identity.rules import Permission
from operational_db.types import LearnedModelKind

SPLITS = {"mentee": "other mentees", "mentor": "other mentors", "time": "the newest quarter"}
CANDIDATES = {
    "additive": "Learned match",
    "boosting": "Gradient boosting",
    "formula": "Written formula",
    "popularity": "Popularity",
    "random": "Chance alone",
}
FORMULA_SERVES = {
    LearnedModelKind.MENTOR_MATCHING: "The written formula ranks mentors.",
    LearnedModelKind.COURSE_RECOMMENDING: "Paths and what is popular decide beside the facts.",
}


def show_card(viewer: Viewer, kind: LearnedModelKind) -> None:
    """The card of the version chosen; the serving one first."""
    try:
        found = models.models_of(session.installation().engine, viewer.principal, kind)
    except DomainError as error:
        st.error(error.message, icon=":material/error:")
        return
    if not found:
        say_empty(
            f"No model was trained yet. {FORMULA_SERVES[kind]}",
            "Training runs each week, and at once with `sitesync models train`.",
        )
        return
    first = next((number for number, each in enumerate(found) if each.is_serving), 0)
    labels = {_label(each, viewer): each for each in found}
    chosen = labels[
        st.selectbox("Version", list(labels), index=first, key=f"model_version_{kind}", width=420)
        or _label(found[first], viewer)
    ]
    if not any(each.is_serving for each in found):
        st.info(f"None of these serves. {FORMULA_SERVES[kind]}", icon=":material/functions:")
    _show_buttons(viewer, kind, chosen, found)
    if kind is LearnedModelKind.MENTOR_MATCHING:
        _show_matching(viewer, chosen.card)
    else:
        _show_recommending(viewer, chosen.card)
    _show_checks(viewer, chosen.card)
    _show_origin(viewer, chosen)


def _label(model: ModelView, viewer: Viewer) -> str:
    state = "serves" if model.is_serving else "served before" if model.promoted_at else "never served"
    return f"Version {model.version} of {to_instant(model.trained_at, viewer.zone)}, {state}"


def _show_buttons(viewer: Viewer, kind: LearnedModelKind, chosen: ModelView, found: Sequence[ModelView]) -> None:
    if not viewer.principal.can(Permission.MANAGE_MODELS):
        return
    engine = session.installation().engine
    with st.container(horizontal=True):
        st.button(
            "Let this version serve",
            key="model_promote",
            icon=":material/publish:",
            disabled=chosen.is_serving,
            on_click=writer(lambda: models.promote(engine, viewer.principal, model=chosen, now=clock.now())),
        )
        st.button(
            "Go back to the former one",
            key="model_back",
            icon=":material/undo:",
            disabled=not any(each.is_serving for each in found),
            on_click=writer(lambda: models.go_back(engine, viewer.principal, kind, now=clock.now())),
        )


def _show_matching(viewer: Viewer, card: Mapping[str, Any]) -> None:
    st.markdown(f"#### {card['verdict']}")
    data = card["data"]
    comparison = pl.DataFrame(card.get("comparison") or [])
    show_figures(
        [
            Figure("Outcomes", to_number(data["outcome_count"]), f"{to_number(data['success_count'])} ended well"),
            Figure("Lists shown", to_number(data["showing_count"]), f"{to_percent(data['explored_share'])} shuffled"),
            Figure("People", to_number(data["mentee_count"]), f"mentees, {to_number(data['mentor_count'])} mentors"),
            Figure(
                "Calibration error",
                to_percent(_value(comparison, "additive", "calibration_error"), 1),
                "of the learned match, newest quarter",
                help="How far what was said lies from what came true, on average.",
            ),
        ]
    )
    if comparison.is_empty():
        return
    show_chart(charts.reliability(card["reliability"]), key="model_reliability")
    rows = [
        {
            "label": f"{CANDIDATES[row['candidate']]}, {SPLITS[row['split']]}",
            "value": row["gain"],
            "low": row["low"],
            "high": row["high"],
        }
        for row in card["gains"]
        if row["metric"] == "auc" and row["candidate"] in ("additive", "boosting") and row["gain"] is not None
    ]
    show_chart(
        charts.gains(
            rows,
            "Gain over the written formula",
            "Area under the curve, with 95 % intervals; where an interval reaches zero, the difference may be chance.",
        ),
        key="model_gains",
    )
    st.subheader("Compared on what it had not seen")
    shown = comparison.with_columns(pl.col("candidate").replace(CANDIDATES), pl.col("split").replace(SPLITS))
    _table(
        viewer,
        shown,
        "model_comparison",
        [
            Column("candidate", "Way of ranking"),
            Column("split", "Judged on"),
            Column("count", "Requests", "number"),
            *(_measure(name, label) for name, label in MEASURES if name in shown.columns),
        ],
    )
    st.subheader("By whom it serves")
    slices = pl.DataFrame(card.get("slices") or [], infer_schema_length=None)
    _table(
        viewer,
        slices.filter(pl.col("candidate") == "additive") if "candidate" in slices.columns else slices,
        "model_slices",
        [
            Column("slice", "Of", "words"),
            Column("value", "Which", "words"),
            Column("count", "Requests", "number"),
            Column("state", "State", "words"),
            *(
                Column(name, label, "percent")
                for name, label in (("success_share", "Ended well"), ("predicted_share", "Said"))
                if name in slices.columns
            ),
            *(
                _measure(name, label)
                for name, label in (("auc", "AUC"), ("formula_auc", "AUC of the formula"))
                if name in slices.columns
            ),
        ],
    )
    st.subheader("Who gets the attention")
    exposure = pl.DataFrame(card.get("exposure") or [], infer_schema_length=None)
    _table(
        viewer,
        exposure.with_columns(pl.col("candidate").replace(CANDIDATES)) if not exposure.is_empty() else exposure,
        "model_exposure",
        [
            Column("candidate", "Way of ranking"),
            _measure("gini", "Unevenness (Gini)"),
            Column("top_decile_share", "Places of the most shown tenth", "percent"),
            Column("never_shown_share", "Never shown", "percent"),
        ],
    )
    with st.expander("Had it ranked in the past", icon=":material/history:"):
        st.caption(
            "Successes per list from its first place, estimated from the chances with which lists were shuffled."
        )
        policy = pl.DataFrame(card.get("off_policy") or [], infer_schema_length=None)
        _table(
            viewer,
            policy.with_columns(pl.col("candidate").replace(CANDIDATES)) if not policy.is_empty() else policy,
            "model_policy",
            [
                Column("candidate", "Way of ranking"),
                Column("method", "Estimated by", "words"),
                *(
                    _measure(name, label)
                    for name, label in (("value", "Successes per list"), ("low", "At least"), ("high", "At most"))
                ),
            ],
        )
    with st.expander("What it reads", icon=":material/list:"):
        _table(
            viewer,
            pl.DataFrame(card["features"], infer_schema_length=None).with_columns(
                pl.col("formula_weight").cast(pl.Float64)
            ),
            "model_features",
            [
                Column("title", "What"),
                Column("formula_weight", "Written weight", "decimal"),
                Column("is_increasing", "More is never worse", "flag"),
                Column("description", "How it is measured"),
            ],
        )
        st.caption(card["outcome"])
        st.caption(card["rule"])


MEASURES = (
    ("ndcg", "NDCG"),
    ("auc", "AUC"),
    ("log_loss", "Log loss"),
    ("brier", "Brier"),
    ("calibration_error", "Calibration error"),
    ("rndcg", "NDCG of both sides"),
)


def _measure(name: str, label: str) -> Column:
    return Column(name, label, "measure")


def _value(comparison: pl.DataFrame, candidate: str, name: str) -> float | None:
    if comparison.is_empty():
        return None
    rows = comparison.filter((pl.col("candidate") == candidate) & (pl.col("split") == "time"))
    return None if rows.is_empty() else rows[name].item()


def _show_recommending(viewer: Viewer, card: Mapping[str, Any]) -> None:
    st.markdown(f"#### {card['sentence']}")
    show_figures(
        [
            Figure(
                "Completions",
                to_number(card["completion_count"]),
                f"of {to_plural(card['person_count'], 'person', 'people')}",
            ),
            Figure("Courses", to_number(card["course_count"])),
            Figure("Judged on", to_number(card["learner_count"]), "people's later courses"),
            Figure("Shown", "Yes" if card["is_learned_shown"] else "No", to_words(card["verdict"])),
        ]
    )
    rows = [
        {
            "label": f"{to_words(row['measure'])} at {row['k']}, over {to_words(row['yardstick']).lower()}",
            "value": row["value"],
            "low": row["low"],
            "high": row["high"],
        }
        for row in card["gains"]
        if row.get("value") is not None and row.get("low") is not None
    ]
    if rows:
        show_chart(
            charts.gains(rows, "Gain of the learned part", "Over both yardsticks, with 95 % intervals over learners."),
            key="recommender_gains",
        )


def _show_checks(viewer: Viewer, card: Mapping[str, Any]) -> None:
    """What the last nightly round found: the file, drift of what is shown, whether the chances still come true."""
    checks = card.get("checks")
    if not checks:
        return
    st.subheader("Since then")
    st.caption(f"Checked {to_instant(datetime.fromisoformat(checks['checked_at']), viewer.zone)}, and every night.")
    for check in checks["results"]:
        look = ":green[:material/check_circle:]" if check["passed"] else ":orange[:material/warning:]"
        st.markdown(f"{look} {check['message']}")


def _show_origin(viewer: Viewer, model: ModelView) -> None:
    """Where it comes from, so that it can be made again."""
    card = model.card
    versions = card.get("library_versions") or card.get("versions") or {}
    with st.expander("Where it comes from", icon=":material/fingerprint:"):
        st.markdown(
            f"- **Trained:** {to_instant(model.trained_at, viewer.zone)}, on a ledger of "
            f"{to_number(model.ledger_size)} entries\n"
            f"- **File:** SHA-256 `{model.sha256}`\n"
            f"- **Libraries:** {', '.join(f'{name} {number}' for name, number in versions.items())}"
        )


def _table(viewer: Viewer, frame: pl.DataFrame, key: str, columns: Sequence[Column]) -> None:
    show_frame(
        viewer,
        frame,
        columns,
        key=key,
        alt=f"{columns[0].label}: {len(columns) - 1} figures each",
        empty=Empty("There was too little to judge this.", "It fills with the next training."),
    )
