# ruff: noqa: E501 - texts for people
"""What engineers learn: secure coding, data handling, release and rollback, feature flags, infrastructure changes."""

from operational_db.content.seed_parts import (
    Shipment,
    ShippedPolicy,
    ShippedRunbook,
    ShippedTrack,
    choice,
    decision,
    micro_lesson,
    question,
    quiz,
    simulation,
    slide,
)
from operational_db.types import Persona, TrackTier

SECURE_CODING = micro_lesson(
    "ENG-SECURE-CODING",
    "Secure coding: trust no input",
    "Keep input from becoming code, and secrets out of the repository.",
    minutes="2",
    slides=[
        slide(
            "input",
            "Input is data, never code",
            "Most intrusions begin where text from outside is pasted into a command, a query or a page.",
            "Queries: bind parameters; never build SQL by joining strings.",
            "Pages: let the template escape; mark nothing as safe that a user wrote.",
            "Commands: pass a list of arguments, no shell.",
        ),
        slide(
            "secrets",
            "Secrets live in the vault",
            "A key in the repository is public the day the repository is cloned somewhere else; deleting the line leaves it in the history.",
            "Read secrets from the vault at start, never from a file in the repository.",
            "A leaked key is rotated first and investigated second.",
        ),
    ],
    checks=[
        question(
            "sql",
            "A search box feeds a query on the customers' table. What keeps it safe?",
            right=["Bound parameters"],
            wrong=["Removing quotation marks", "A maximum length", "A comment for the reviewer"],
            why="A bound parameter is never parsed as SQL. Filters of characters miss cases.",
            policy="POL-SEC-001",
            slide_id="input",
        ),
        question(
            "key",
            "You pushed an access key an hour ago. What is the first thing to do?",
            right=["Rotate the key"],
            wrong=["Delete the line and push again", "Rewrite the history", "Wait for the scanner's report"],
            why="Only a rotated key is harmless; the old one stays in clones and in the history.",
            policy="POL-SEC-001",
            slide_id="secrets",
        ),
    ],
    policies=("POL-SEC-001",),
    runbooks=("RB-KEY-ROTATION",),
    scopes=("secure-coding",),
    outcomes=("Binds parameters and escapes output", "Rotates a leaked key at once"),
)

DATA_HANDLING = micro_lesson(
    "ENG-DATA-HANDLING",
    "Data handling: least data, least time",
    "Keep personal data out of logs, tests and notebooks.",
    minutes="2",
    slides=[
        slide(
            "classes",
            "Know what you hold",
            "Names, addresses, locations and anything that points at a person are personal data, also when joined from two harmless tables.",
            "Log identifiers, not names or addresses.",
            "Test with made-up data; production data stay in production.",
        ),
        slide(
            "lifetime",
            "Data have an end",
            "Every table has an owner and a time after which rows are deleted or made anonymous. Copies inherit it.",
            "A copy without an owner is deleted.",
            "An erasure request reaches caches, indexes and exports too.",
        ),
    ],
    checks=[
        question(
            "log",
            "Which line may be written to the log?",
            right=["login_failed person=01f3… reason=password"],
            wrong=[
                "login_failed ann@example.org",
                "login_failed Ann Smith, Main Street 4",
                "login_failed password=hunter2",
            ],
            why="An opaque identifier lets us investigate without giving the person away to everyone who reads logs.",
            policy="POL-DA-003",
            slide_id="classes",
        ),
    ],
    policies=("POL-DA-003", "POL-DATA-RES-002"),
    runbooks=("RB-EXPORT-RECALL",),
    scopes=("data-handling",),
    outcomes=("Writes logs and tests without personal data",),
)

RELEASE = micro_lesson(
    "ENG-RELEASE-ROLLBACK",
    "Release and rollback",
    "Release in small steps, and know the way back before you start.",
    minutes="2",
    slides=[
        slide(
            "small",
            "Small, watched, reversible",
            "A release that can be undone in a minute is safer than one that was tested for a week.",
            "One change at a time; first to few, then to all.",
            "Say before the start which figure would make you roll back.",
            "Schema changes are additive first; removing comes a release later.",
        ),
        slide(
            "back",
            "Roll back first, understand later",
            "When the figure you named is crossed, roll back. The cause is found on the copy, not on the customers.",
            "A rollback is no failure; repeated ones of the same kind are a lesson to take.",
        ),
    ],
    checks=[
        question(
            "rollback",
            "Five minutes after the release, errors pass the limit that you had named. What now?",
            right=["Roll back, then look for the cause"],
            wrong=["Look for the cause, then decide", "Raise the limit", "Wait for the first complaint"],
            why="The limit was set with a cool head. Rolling back costs minutes, waiting costs customers.",
            policy="POL-CHG-001",
            slide_id="back",
        ),
        question(
            "schema",
            "A column is no longer used. When is it dropped?",
            right=["A release after the last code that read it is gone"],
            wrong=["In the same release", "Before the release", "Never"],
            why="Rolled-back code must find the columns that it knows.",
            policy="POL-CHG-001",
            slide_id="small",
        ),
    ],
    policies=("POL-CHG-001",),
    runbooks=("RB-ROLLBACK",),
    scopes=("release",),
    outcomes=("Names the limit for a rollback before releasing", "Changes schemas in two steps"),
)

FEATURE_FLAGS = micro_lesson(
    "ENG-FEATURE-FLAGS",
    "Feature flags that do not outlive their use",
    "Turn features on for few, watch, then for all; and remove the flag.",
    minutes="2",
    slides=[
        slide(
            "rollout",
            "On for few first",
            "A flag separates shipping code from switching it on. Start with our own people, then one customer in a hundred, then all.",
            "Both sides of the flag are tested.",
            "A flag that guards a permission fails closed: unknown means off.",
        ),
        slide(
            "end",
            "Every flag has an end",
            "Each flag names an owner and a day by which it goes. Old flags are code paths that nobody tests.",
        ),
    ],
    checks=[
        question(
            "unknown",
            "The flag service cannot be reached. What does a flag that guards an export say?",
            right=["Off"],
            wrong=["On", "Whatever it said last week", "It depends on the customer"],
            why="What guards a risky action fails closed.",
            policy="POL-CHG-001",
            slide_id="rollout",
        ),
    ],
    policies=("POL-CHG-001",),
    runbooks=("RB-ROLLBACK",),
    scopes=("feature-flags",),
    outcomes=("Rolls out behind a flag and removes it",),
)

INFRASTRUCTURE = micro_lesson(
    "ENG-INFRA-CHANGE",
    "Infrastructure changes by plan",
    "Change infrastructure from reviewed code, after reading what the plan would destroy.",
    minutes="2",
    slides=[
        slide(
            "plan",
            "Read the plan",
            "What a tool plans to destroy stands at the end of a long list. Read the end first.",
            "Changes come from reviewed code; by hand only in an incident, and noted.",
            "Somebody else reads the plan for production.",
        ),
        slide(
            "drift",
            "Bring drift home",
            "What was changed by hand is written back into the code the same day, else the next run undoes it at night.",
        ),
    ],
    checks=[
        question(
            "destroy",
            "The plan for a new disk says: 1 to add, 1 to destroy. What do you do?",
            right=["Stop and find out what would be destroyed"],
            wrong=["Apply; one in, one out", "Apply at night", "Ask for a larger disk"],
            why="A destroyed disk is often the old one with the data on it.",
            policy="POL-CHG-001",
            slide_id="plan",
        ),
    ],
    policies=("POL-CHG-001",),
    runbooks=("RB-PROD-CHANGE",),
    scopes=("infrastructure-change",),
    outcomes=("Reads what a plan destroys before applying it",),
)

CORE_QUIZ = quiz(
    "ENG-CORE-QUIZ",
    "Engineers: Core quiz",
    "Show that secure coding, data handling and releases sit.",
    minutes="3",
    questions=[
        question(
            "template",
            "A page shows a comment that a user wrote. Who escapes it?",
            right=["The template, by default"],
            wrong=["The user", "The database", "Nobody, comments are text"],
            why="Output is escaped where it is written, by the template, for every value.",
            policy="POL-SEC-001",
        ),
        question(
            "copy",
            "You need realistic data to reproduce an error. Where do you reproduce it?",
            right=["On made-up data of the same shape"],
            wrong=["On a copy of production on your laptop", "In a shared notebook", "On a customer's screen"],
            why="Production data stay in production; the shape is enough to reproduce nearly everything.",
            policy="POL-DA-003",
        ),
        question(
            "limit",
            "When is the limit for a rollback set?",
            right=["Before the release"],
            wrong=["When errors appear", "In the review afterwards", "By the first customer who calls"],
            why="In the moment everybody hopes that it gets better.",
            policy="POL-CHG-001",
        ),
        question(
            "destination",
            "To where may an export go?",
            right=["To a destination on the allowlist"],
            wrong=["To any encrypted place", "To the private drive of its owner", "To wherever the ticket says"],
            why="Only allowlisted destinations receive data.",
            policy="POL-DA-003",
        ),
        question(
            "rotate",
            "What makes a leaked key harmless?",
            right=["Rotating it"],
            wrong=["Deleting the commit", "Making the repository private", "Telling nobody"],
            why="Everything else leaves a key that works in somebody's hands.",
            policy="POL-SEC-001",
        ),
    ],
    policies=("POL-SEC-001", "POL-DA-003", "POL-CHG-001"),
    runbooks=("RB-ROLLBACK",),
    scopes=("secure-coding", "data-handling", "release"),
)

SIMULATION = simulation(
    "ENG-RELEASE-SIMULATION",
    "Simulation: a release goes wrong",
    "Release, watch, roll back and tell, in the right order.",
    minutes="4",
    setting="Tuesday, 10:00. You release a change of the order table to one customer in a hundred. You had named 1 % errors as the limit.",
    decisions=[
        decision(
            "watch",
            "10:04. Errors stand at 0.6 % and climb slowly.",
            "POL-CHG-001",
            choice("Hold the rollout and go on watching", 3, "Nobody else gets the change while you look."),
            choice("Widen it, to see the trend better", 0, "One customer in ten now sees errors.", is_harmful=True),
            choice("Roll back at once", 2, "Safe, if early: the limit was not reached."),
        ),
        decision(
            "limit",
            "10:09. Errors stand at 1.3 %.",
            "POL-CHG-001",
            choice("Roll back", 3, "Errors fall to their old level within a minute."),
            choice(
                "Search the log for the cause first",
                1,
                "Twenty minutes later the cause is known and 400 orders failed.",
            ),
            choice("Raise the limit to 2 %", 0, "The limit existed to be kept.", is_harmful=True),
        ),
        decision(
            "schema",
            "The old code is back, but it cannot read the new column's values.",
            "POL-CHG-001",
            choice("Keep the column; the old code ignores it", 3, "Additive changes survive a rollback."),
            choice("Drop the column in production by hand", 0, "200 orders lose their new values.", is_harmful=True),
            choice(
                "Ask a colleague to review a repair script",
                2,
                "Right when data must be repaired; here they need not be.",
            ),
        ),
        decision(
            "after",
            "11:00. All is calm. What is left?",
            "POL-CHG-001",
            choice("Note what happened and when, and who was affected", 3, "The review tomorrow starts from facts."),
            choice("Release again with more logging", 1, "Without knowing the cause it goes wrong again."),
            choice("Nothing; it was rolled back", 0, "The next release repeats it."),
        ),
    ],
    policies=("POL-CHG-001",),
    runbooks=("RB-ROLLBACK",),
    scopes=("release",),
)

SHIPMENT = Shipment(
    policies=(
        ShippedPolicy(
            "POL-SEC-001",
            "Secure development",
            "Input is treated as data, output is escaped, dependencies are known, secrets live in the vault and are rotated when they leak.",
        ),
    ),
    runbooks=(
        ShippedRunbook(
            "RB-KEY-ROTATION",
            "Rotate a leaked key",
            (
                ("Issue a new key", "Create it in the vault with the same rights, no more.", None),
                ("Switch over", "Restart what uses it and see it work.", None),
                ("Disable the old key", "Disable, do not delete: its log is needed.", None),
                ("Read the log", "Look for uses that were not ours since the leak.", None),
            ),
        ),
        ShippedRunbook(
            "RB-ROLLBACK",
            "Roll back a release",
            (
                ("Stop the rollout", "Nobody else gets the change.", None),
                ("Put the former version back", "Leave added columns in place.", None),
                ("See the figure recover", "Watch the figure that you named before the release.", None),
                ("Write it down", "Time, figure, customers affected; the review needs them.", None),
            ),
        ),
    ),
    lessons=(SECURE_CODING, DATA_HANDLING, RELEASE, FEATURE_FLAGS, INFRASTRUCTURE, CORE_QUIZ, SIMULATION),
    tracks=(
        ShippedTrack(
            Persona.ENGINEER,
            TrackTier.CORE,
            "Engineers: Core",
            ("ENG-SECURE-CODING", "ENG-DATA-HANDLING", "ENG-RELEASE-ROLLBACK", "DATA-EXPORT", "ENG-CORE-QUIZ"),
            ("DATA-EXPORT-WALKTHROUGH",),
        ),
        ShippedTrack(
            Persona.ENGINEER,
            TrackTier.ADVANCED,
            "Engineers: Advanced",
            ("ENG-FEATURE-FLAGS", "ENG-INFRA-CHANGE", "ENG-RELEASE-SIMULATION"),
            ("DATA-EXPORT-SIMULATION",),
        ),
    ),
    scope_months={
        "secure-coding": 12,
        "data-handling": 12,
        "release": 12,
        "feature-flags": 12,
        "infrastructure-change": 12,
    },
)
