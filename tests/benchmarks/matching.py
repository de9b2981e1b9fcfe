"""Rows of the match: ranking mentors for one mentee with an explanation, and scoring all pairs of two large groups.

Times are those of a learned matcher; the formula's stand beside them. All pairs are scored in a process of its own, so
that its memory is counted.
"""

import json
import os
import sys
import time
from collections.abc import Callable

import numpy as np

from models.matching.factors import FEATURES
from models.matching.matcher import Matcher, create_head
from models.matching.profiles import Mentees, Mentors
from tests.benchmarks.bench import Bench
from tests.benchmarks.machine import GIGABYTE, run_command
from tests.benchmarks.report import Figure, Row, percentile
from tests.models.matching.match_world import random_mentees, random_mentors

WHAT = {
    "match_rank": "rank 10,000 mentors for one mentee, explained top 20",
    "match_pairs": "score all pairs of 10,000 mentees and 2,000 mentors",
}
RANK_MS, PAIRS_SECONDS, PAIRS_GB = 50.0, 10.0, 2.0
LONGEST_SECONDS = 600.0
PAIRS_REPETITIONS = 3


def measure_rank(bench: Bench) -> Row:
    """Another mentee each time; checking the profiles is told apart, since it is done once for many rankings."""
    frame = random_mentors(bench.effort.ranked_mentors, 1)
    mentees = Mentees.from_frame(random_mentees(bench.effort.rank_repetitions, 2))
    learned, seconds = _learned(), []
    bench.say(f"Ranking {len(frame):,} mentors {len(mentees)} times …")
    started = time.perf_counter()
    mentors = Mentors.from_frame(frame)
    checked = time.perf_counter() - started
    learned.rank(mentees.take(np.array([0])), mentors)
    formula_seconds, cpu_seconds = [], 0.0
    for row in range(len(mentees)):
        one = mentees.take(np.array([row]))
        started, cpu_started = time.perf_counter(), time.process_time()
        ranking = learned.rank(one, mentors)
        seconds.append(time.perf_counter() - started)
        cpu_seconds += time.process_time() - cpu_started
        started = time.perf_counter()
        Matcher().rank(one, mentors)
        formula_seconds.append(time.perf_counter() - started)
    return Row(
        "match_rank",
        WHAT["match_rank"],
        (
            Figure("", "ms", tuple(each * 1000 for each in seconds), RANK_MS),
            Figure("formula", "ms", tuple(each * 1000 for each in formula_seconds), RANK_MS),
            Figure("checking the profiles", "ms", (checked * 1000,)),
        ),
        details={
            "p95_ms": round(percentile(seconds, 0.95) * 1000, 3),
            "cpu_ms": round(cpu_seconds / len(mentees) * 1000, 3),
            "explained": len(ranking),
        },
    )


def measure_pairs(bench: Bench) -> Row:
    """Once unmeasured, then in repetitions, beside one product of two float32 matrices with as many features."""
    mentee_count, mentor_count = bench.effort.pair_mentees, bench.effort.pair_mentors
    bench.say(f"Scoring {mentee_count * mentor_count:,} pairs …")
    command = [sys.executable, "-m", "tests.benchmarks.matching", str(mentee_count), str(mentor_count)]
    output = bench.work_path / "match_pairs.txt"
    run = run_command(command, environment=os.environ, output_path=output, timeout_seconds=LONGEST_SECONDS)
    found = json.loads(run.output.splitlines()[-1])
    return Row(
        "match_pairs",
        WHAT["match_pairs"],
        (
            Figure("", "s", tuple(found["learned"]), PAIRS_SECONDS),
            Figure("memory", "GB", (run.peak_bytes / GIGABYTE,), PAIRS_GB),
            Figure("of a matrix product", "x", (_median(found["learned"]) / _median(found["product"]),)),
            Figure("formula", "s", tuple(found["formula"]), PAIRS_SECONDS),
        ),
        details={"product_seconds": round(_median(found["product"]), 5), "cpu_seconds": round(run.cpu_seconds, 3)},
    )


def _median(values: list[float]) -> float:
    return float(np.median(values))


def _learned() -> Matcher:
    """Fitted to made-up outcomes of made-up features: speed does not depend on what was learned."""
    random = np.random.default_rng(0)
    features = random.random((5_000, len(FEATURES)))
    asks, succeeds = (random.random(len(features)) < features[:, column] for column in (0, 1))
    return Matcher(create_head().fit(features, asks.astype(int)), create_head().fit(features, succeeds.astype(int)))


def _score_pairs(mentee_count: int, mentor_count: int) -> dict[str, list[float]]:
    mentees = Mentees.from_frame(random_mentees(mentee_count, 2))
    mentors = Mentors.from_frame(random_mentors(mentor_count, 1))
    learned = _learned()
    random = np.random.default_rng(0)
    first = random.random((mentee_count, len(FEATURES)), dtype=np.float32)
    second = random.random((len(FEATURES), mentor_count), dtype=np.float32)
    product = np.empty((mentee_count, mentor_count), dtype=np.float32)
    subjects: dict[str, Callable[[], object]] = {
        "product": lambda: np.matmul(first, second, out=product),
        "learned": lambda: learned.score_pairs(mentees, mentors),
        "formula": lambda: Matcher().score_pairs(mentees, mentors),
    }
    seconds: dict[str, list[float]] = {}
    for name, subject in subjects.items():
        subject()
        seconds[name] = []
        for _ in range(PAIRS_REPETITIONS):
            started = time.perf_counter()
            subject()
            seconds[name].append(time.perf_counter() - started)
    return seconds


if __name__ == "__main__":
    print(json.dumps(_score_pairs(int(sys.argv[1]), int(sys.argv[2]))))
