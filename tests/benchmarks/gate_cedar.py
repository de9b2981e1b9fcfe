"""Row of the second opinion: random cases decided by our engine and by the same rules in Cedar, and how many differ."""

from tests.benchmarks.bench import Bench
from tests.benchmarks.report import Figure, Row
from tests.operational_db.gates.cedar_comparison import compare

WHAT = {"gate_cedar": "random rules, facts and instants decided by our engine and in Cedar: disagreements"}


def measure_cedar(bench: Bench) -> Row:
    cases = bench.effort.cedar_cases
    bench.say(f"Deciding {cases:,} random cases twice …")
    found = compare(cases)
    return Row(
        "gate_cedar",
        WHAT["gate_cedar"],
        (
            Figure("disagreements", "", (float(len(found.disagreements)),), 0.0),
            Figure("cases", "", (float(cases),)),
            Figure("allowed", "%", (100 * found.allowed_count / cases,)),
        ),
    )
