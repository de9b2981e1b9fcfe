"""Rows of learning a match: training and evaluating on many requests, and the best assignment of a large cohort.

The requests are simulated beforehand, which is not measured. The cohort is the hard kind: nearly all mentees want the
same mentors.
"""

import time

import numpy as np

from models.matching.assignment import Method, assign
from models.matching.candidates import ADDITIVE
from models.matching.generators import Truth, simulate_programme
from models.matching.training import Decision, train
from tests.benchmarks.bench import Bench
from tests.benchmarks.report import Detail, Figure, Row

WHAT = {
    "match_train": "train and evaluate the match on 100,000 requests",
    "assignment": "optimal assignment of 2,000 mentees to 1,000 mentors of capacity 3",
}
TRAIN_SECONDS, ASSIGNMENT_SECONDS = 60.0, 10.0
CAPACITY = 3
REQUESTS_PER_MENTOR = 30


def measure_training(bench: Bench) -> Row:
    """Choosing, calibrating, judging and the final fit, with the card."""
    count = bench.effort.match_requests
    bench.say(f"Simulating {count:,} requests …")
    mentors = max(count // REQUESTS_PER_MENTOR, 30)
    programme = simulate_programme(Truth.UNLIKE, random_state=1, requests=count, mentors=mentors)
    bench.say("Training and evaluating the match …")
    started, cpu_started = time.perf_counter(), time.process_time()
    trained = train(programme.history, random_state=1, until=programme.until)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    details: dict[str, Detail] = {
        "cpu_seconds": cpu_seconds,
        "requests": count,
        "rows": len(programme.history),
        "decision": str(trained.decision),
    }
    if trained.evaluation is not None:
        gain = trained.evaluation.gain(ADDITIVE, "auc")
        details |= {"auc_gain": gain.value, "auc_gain_low": gain.low, "auc_gain_high": gain.high}
    elif trained.decision is not Decision.TOO_FEW:
        raise RuntimeError("Nothing was evaluated.")
    return Row("match_train", WHAT["match_train"], (Figure("", "s", (seconds,), TRAIN_SECONDS),), details=details)


def measure_assignment(bench: Bench) -> Row:
    """The optimum; the other methods beside it, not judged."""
    mentees = bench.effort.cohort_mentees
    mentors = mentees // 2
    random = np.random.default_rng(0)
    values = (random.random(mentors) + 0.1 * random.random((mentees, 1)) * random.random((mentees, mentors))) / 2
    preferences = random.random((mentees, mentors))
    capacities = np.full(mentors, CAPACITY)
    bench.say(f"Assigning {mentees:,} mentees to {mentors:,} mentors …")
    taken: dict[Method, list[float]] = {method: [] for method in Method}
    for _ in range(3):
        for method in Method:
            started = time.perf_counter()
            made = assign(values, capacities, values, preferences, method)
            taken[method].append(time.perf_counter() - started)
            if made.matched != mentees:
                raise RuntimeError(f"{mentees - made.matched} mentees were left over by {method}.")
    figures = [
        Figure(str(method), "s", tuple(seconds), ASSIGNMENT_SECONDS if method is Method.OPTIMAL else None)
        for method, seconds in taken.items()
    ]
    return Row("assignment", WHAT["assignment"], tuple(figures), details={"mentees": mentees, "mentors": mentors})
