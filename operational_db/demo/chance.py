"""Seeded chance for the demo: identifiers, working-hour instants and the few distributions it draws from."""

import math
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from uuid import UUID

Item = TypeVar("Item")

# Share of an average month's training by calendar month: quiet summers and Decembers, busy autumns.
SEASON = (1.15, 1.10, 1.05, 1.00, 0.95, 0.85, 0.70, 0.75, 1.10, 1.20, 1.10, 0.70)


class Chance(random.Random):
    """`random.Random` with the draws of the demo; equal seeds give equal sequences."""

    def new_id(self, at: datetime) -> UUID:
        """A version 7 UUID whose time is `at` and whose random bits come from the seed."""
        milliseconds = int(at.timestamp() * 1000) & ((1 << 48) - 1)
        random_a = self.getrandbits(12)
        random_b = self.getrandbits(62)
        return UUID(int=(milliseconds << 80) | (0x7 << 76) | (random_a << 64) | (0x2 << 62) | random_b)

    def happens(self, probability: float) -> bool:
        return self.random() < probability

    def whole(self, mean: float, *, low: int, high: int, sigma: float = 0.6) -> int:
        """A whole number, log-normally spread around `mean`, within [low, high]."""
        value = self.lognormvariate(math.log(mean) - sigma * sigma / 2, sigma)
        return max(low, min(high, round(value)))

    def count(self, mean: float) -> int:
        """A Poisson count (Knuth's product method; `mean` is small here)."""
        limit, product, count = math.exp(-mean), self.random(), 0
        while product > limit:
            product *= self.random()
            count += 1
        return count

    def percent(self, mean: float, deviation: float) -> int:
        return max(0, min(100, round(self.gauss(mean, deviation))))

    def during_work(self, on: date) -> datetime:
        """A second between 06:00 and 20:00 UTC on a day."""
        return datetime.combine(on, time(6), UTC) + timedelta(seconds=self.randrange(14 * 3600))

    def after_lunch(self, on: date) -> datetime:
        """A second between noon and evening in North America on a day: two people meet when both are awake."""
        return datetime.combine(on, time(18), UTC) + timedelta(minutes=15 * self.randrange(24))

    def day_between(self, first: date, last: date) -> date:
        return first + timedelta(days=self.randrange(max(1, (last - first).days + 1)))

    def some(self, items: Sequence[Item], count: int) -> list[Item]:
        return self.sample(list(items), min(count, len(items)))
