"""One router per feature; each endpoint calls one service or one query."""
