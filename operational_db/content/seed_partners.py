# ruff: noqa: E501 - texts for people
"""What partners and integrators learn: using the API, data residency, isolation of customers, what to expect of support."""

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

API_USAGE = micro_lesson(
    "PAR-API-USAGE",
    "Using the API well",
    "Call the API so that a repeated call does no harm and a token stays yours.",
    minutes="2",
    slides=[
        slide(
            "repeat",
            "Repeat without harm",
            "Networks fail after the work is done and before you hear of it. Send your own id with each report: said twice, it counts once.",
            "On 429 or 503 wait as long as the answer says, then try again.",
        ),
        slide(
            "token",
            "One token, one purpose",
            "A token stands for a person with rights. Give each integration its own, with an end, and keep it in your vault.",
            "Ask the gate before the risky action, and obey its no.",
        ),
    ],
    checks=[
        question(
            "timeout",
            "A report times out. Was it recorded?",
            right=["Unknown; send it again with the same id"],
            wrong=["No; send it with a new id", "Yes; forget it", "Ask support"],
            why="With the same id a repeated report is harmless.",
            policy="POL-API-001",
            slide_id="repeat",
        ),
        question(
            "deny",
            "The gate's answer is deny. What does your product do?",
            right=["It does not perform the action and shows the lesson offered"],
            wrong=[
                "It performs the action and logs it",
                "It asks again until it is allowed",
                "It asks with another person's token",
            ],
            why="A gate that is not obeyed is a decoration.",
            policy="POL-API-001",
            slide_id="token",
        ),
    ],
    policies=("POL-API-001",),
    runbooks=("RB-PARTNER-SUPPORT",),
    scopes=("api-usage",),
    outcomes=("Repeats calls without harm and obeys gates",),
)

RESIDENCY = micro_lesson(
    "PAR-DATA-RESIDENCY",
    "Data residency: the region is part of the data",
    "Keep data in their region, logs and backups included.",
    minutes="2",
    slides=[
        slide(
            "region",
            "Where it is kept",
            "A customer's region holds for the data, their copies, logs and backups. A cache in another region is a transfer.",
        ),
        slide(
            "transfer",
            "Transfers are agreed",
            "A transfer to a third party or another region needs the customer's agreement and an approved destination, and is in the ledger.",
        ),
    ],
    checks=[
        question(
            "logs",
            "Your service in the region writes full requests to a log in another region. Is that a transfer?",
            right=["Yes, the requests hold customers' data"],
            wrong=["No, logs are not data", "No, if they are deleted after a week", "Only if somebody reads them"],
            why="Copies in logs, caches and backups follow the same rule as the data.",
            policy="POL-DATA-RES-002",
            slide_id="region",
        ),
    ],
    policies=("POL-DATA-RES-002",),
    runbooks=("RB-PARTNER-SUPPORT",),
    scopes=("data-residency",),
    outcomes=("Recognises a transfer in logs and caches",),
)

ISOLATION = micro_lesson(
    "PAR-CUSTOMER-ISOLATION",
    "Customer isolation: one tenant at a time",
    "Never let one customer's call see another's data.",
    minutes="2",
    slides=[
        slide(
            "tenant",
            "The tenant in every call",
            "Each call names its tenant and uses that tenant's token. Caches are keyed by tenant; so are queues and files.",
        ),
        slide(
            "mix",
            "When it mixes",
            "Data of another customer on a screen: stop the integration, keep the log, call us at once. Do not look further to see how much it is.",
        ),
    ],
    checks=[
        question(
            "cache",
            "Your cache is keyed by the order's number. What is missing?",
            right=["The tenant"],
            wrong=["The date", "Nothing", "The price"],
            why="Two tenants may use the same number; without the tenant one sees the other's order.",
            policy="POL-DATA-RES-002",
            slide_id="tenant",
        ),
    ],
    policies=("POL-DATA-RES-002",),
    runbooks=("RB-PARTNER-SUPPORT",),
    scopes=("customer-isolation",),
    outcomes=("Keys caches, queues and files by tenant",),
)

SUPPORT = micro_lesson(
    "PAR-SUPPORT",
    "What to expect of support, and what we need",
    "Report so that the first answer helps.",
    minutes="2",
    slides=[
        slide(
            "report",
            "A good report",
            "The request's id, the time with its zone, the tenant, what you expected and what came. No tokens, no personal data.",
        ),
        slide(
            "severity",
            "Severity by effect",
            "Customers cannot work, or data may be touched: call. Everything else: write. The severity follows what customers see.",
        ),
    ],
    checks=[
        question(
            "attach",
            "What does not belong in a report?",
            right=["The token that was used"],
            wrong=["The request's id", "The time zone", "What you expected"],
            why="A token in a ticket is a leaked token and must be rotated.",
            policy="POL-API-001",
            slide_id="report",
        ),
    ],
    policies=("POL-API-001",),
    runbooks=("RB-PARTNER-SUPPORT",),
    scopes=("partner-support",),
    outcomes=("Writes reports that can be answered at once",),
)

CORE_QUIZ = quiz(
    "PAR-CORE-QUIZ",
    "Partners: Core quiz",
    "Show that the API, residency and isolation sit.",
    minutes="3",
    questions=[
        question(
            "again",
            "How is a call repeated without harm?",
            right=["With the same external id"],
            wrong=["With a new one", "After midnight", "From another address"],
            why="The id is how we know that it is the same report.",
            policy="POL-API-001",
        ),
        question(
            "backup",
            "Where may backups of a customer's data lie?",
            right=["In the customer's region"],
            wrong=["Wherever storage is cheapest", "In two regions at least", "At the partner's office"],
            why="Copies follow the data's region.",
            policy="POL-DATA-RES-002",
        ),
        question(
            "mixed",
            "You see another customer's data in your integration. What do you do? Choose all.",
            right=["Stop the integration", "Call us at once"],
            wrong=["Look how much it is", "Delete the log"],
            why="Stop, keep the log, call. Looking further makes it worse.",
            policy="POL-DATA-RES-002",
        ),
        question(
            "gate",
            "When does your product ask the gate?",
            right=["Before each risky action"],
            wrong=["Once a day", "After the action", "When the user signs up"],
            why="Certifications lapse; yesterday's answer is yesterday's.",
            policy="POL-API-001",
        ),
    ],
    policies=("POL-API-001", "POL-DATA-RES-002"),
    runbooks=("RB-PARTNER-SUPPORT",),
    scopes=("api-usage", "data-residency", "customer-isolation"),
)

SIMULATION = simulation(
    "PAR-ISOLATION-SIMULATION",
    "Simulation: two customers in one report",
    "Stop, keep and tell, when customers' data mix.",
    minutes="4",
    setting="Your integration writes nightly reports for two customers. In the morning customer A's report shows three orders that A does not know.",
    decisions=[
        decision(
            "first",
            "Reports for twelve more customers are about to be sent.",
            "POL-DATA-RES-002",
            choice("Stop the sending", 3, "Nothing more leaves."),
            choice("Send them, and check afterwards", 0, "Four more reports hold strangers' orders.", is_harmful=True),
            choice("Check the next one by hand, then send", 1, "It looks right; the one after it is not."),
        ),
        decision(
            "tell",
            "You suspect the cache.",
            "POL-API-001",
            choice(
                "Call our duty and keep log and cache as they are",
                3,
                "The cause is found in an hour: the key lacked the tenant.",
            ),
            choice("Clear the cache first", 1, "The traces are gone with it."),
            choice(
                "Ask customer A what exactly they see", 0, "You ask a customer to read another's data.", is_harmful=True
            ),
        ),
        decision(
            "resume",
            "The key is mended.",
            "POL-DATA-RES-002",
            choice(
                "Try it with two made-up tenants of the same order numbers, then resume",
                3,
                "The test that was missing now exists.",
            ),
            choice("Resume", 1, "It works, as far as anybody knows."),
            choice("Resume for small customers first", 0, "Small customers have data too."),
        ),
    ],
    policies=("POL-DATA-RES-002", "POL-API-001"),
    runbooks=("RB-PARTNER-SUPPORT",),
    scopes=("customer-isolation",),
)

SHIPMENT = Shipment(
    policies=(
        ShippedPolicy(
            "POL-API-001",
            "Use of the API by partners",
            "Each integration has its own token with an end, reports carry their own ids, gates are asked before risky actions and obeyed.",
        ),
    ),
    runbooks=(
        ShippedRunbook(
            "RB-PARTNER-SUPPORT",
            "Reach support as a partner",
            (
                ("Stop what does harm", "Pause the integration if customers' data may be touched.", None),
                ("Report", "Request id, time with zone, tenant, expected and seen; no token, no personal data.", None),
                ("Call", "For data touched or customers who cannot work; write for the rest.", None),
            ),
        ),
    ),
    lessons=(API_USAGE, RESIDENCY, ISOLATION, SUPPORT, CORE_QUIZ, SIMULATION),
    tracks=(
        ShippedTrack(
            Persona.PARTNER_INTEGRATOR,
            TrackTier.CORE,
            "Partners and integrators: Core",
            ("PAR-API-USAGE", "PAR-DATA-RESIDENCY", "PAR-CUSTOMER-ISOLATION", "PAR-CORE-QUIZ"),
        ),
        ShippedTrack(
            Persona.PARTNER_INTEGRATOR,
            TrackTier.ADVANCED,
            "Partners and integrators: Advanced",
            ("PAR-SUPPORT", "PAR-ISOLATION-SIMULATION"),
            ("DATA-EXPORT",),
        ),
    ),
    scope_months={
        "api-usage": 12,
        "data-residency": 12,
        "customer-isolation": 12,
        "partner-support": 12,
    },
)
