"""The HTTP API under /api: routers and schemas per feature, errors, dependencies. Thin: parse, call, render."""
