"""Whether a name (of a path, a role, a course, a certification) is what somebody means by her goal. Words only.

A goal means a name when all significant words of one occur in the other; a goal is often longer ("become a licensed
elevator inspector"), an interest often shorter ("hydraulics").
"""

import re
from collections.abc import Iterable

# Words that say nothing about which goal it is.
_IDLE_WORDS = (
    "a an and as at be become becoming better career certification certified course courses do for from get getting "
    "goal good have how i in into it job learn learning like master me more my of on or own programme program role "
    "the to train training want with within work would year years"
)
_IDLE = frozenset(_IDLE_WORDS.split())


def significant_words(text: str) -> frozenset[str]:
    """Lower-case words and numbers without the idle ones; a plural is its singular."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return frozenset(_singular(word) for word in words if word not in _IDLE and (len(word) > 1 or word.isdigit()))


def means(wish: str, name: str) -> bool:
    """Whether the wish names it: all significant words of the shorter occur in the longer, and there are any."""
    wanted, named = significant_words(wish), significant_words(name)
    if not wanted or not named:
        return False
    return wanted <= named or (named <= wanted and len(named) > 1)


def means_any(wish: str, names: Iterable[str]) -> bool:
    return any(means(wish, name) for name in names)


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
