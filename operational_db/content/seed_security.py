# ruff: noqa: E501 - texts for people
"""What security people learn: vulnerability triage, identity and access, audit preparation, third-party review."""

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

TRIAGE = micro_lesson(
    "SEC-VULNERABILITY-TRIAGE",
    "Vulnerability triage: reachable first",
    "Order findings by what an attacker can reach, not by score alone.",
    minutes="2",
    slides=[
        slide(
            "reach",
            "Severity is not risk",
            "A score says how bad a flaw can be, not whether anybody can reach it in our product.",
            "Exposed and exploited in the wild: now, whatever the score.",
            "Not reachable: plan it, and write down why it is not.",
        ),
        slide(
            "clock",
            "The clock starts at the report",
            "Each class has a time to fix, counted from the day we knew. An exception has a reason, an owner and an end.",
        ),
    ],
    checks=[
        question(
            "first",
            "Which finding comes first?",
            right=["Score 7.5, exposed to the internet, exploited in the wild"],
            wrong=[
                "Score 9.8 in a tool that runs on no server",
                "Score 8.1 behind two sign-ins, no known exploit",
                "The oldest one",
            ],
            why="Reach and known exploitation outweigh the score.",
            policy="POL-VUL-001",
            slide_id="reach",
        ),
        question(
            "exception",
            "What does an exception need?",
            right=["A reason, an owner and an end"],
            wrong=["A low score", "The vendor's word", "Nothing, if nobody asks"],
            why="An exception without an end is a decision that nobody took.",
            policy="POL-VUL-001",
            slide_id="clock",
        ),
    ],
    policies=("POL-VUL-001",),
    runbooks=("RB-VULNERABILITY",),
    scopes=("vulnerability-triage",),
    outcomes=("Orders findings by reach and exploitation",),
)

ACCESS = micro_lesson(
    "SEC-ACCESS-CONTROL",
    "Identity and access: least, for as long as needed",
    "Grant the least access, for a time, and take it back.",
    minutes="2",
    slides=[
        slide(
            "least",
            "Least privilege",
            "Access follows the task, not the person. What is granted for an evening ends by itself in the morning.",
            "Nobody grants herself access.",
            "Shared accounts do not exist: the log must name a person.",
        ),
        slide(
            "review",
            "Review and leavers",
            "Managers confirm access every quarter. Who leaves or moves loses the old access the same day.",
        ),
    ],
    checks=[
        question(
            "move",
            "An engineer moves from billing to search. What happens to the access to billing?",
            right=["It ends on the day of the move"],
            wrong=["It stays, in case of questions", "It ends at the next review", "It ends when somebody complains"],
            why="Access follows the task; questions can be asked without it.",
            policy="POL-IAM-001",
            slide_id="review",
        ),
    ],
    policies=("POL-IAM-001",),
    runbooks=("RB-ACCESS-REVIEW",),
    scopes=("access-control",),
    outcomes=("Grants least access with an end",),
)

AUDIT_PREPARATION = micro_lesson(
    "SEC-AUDIT-PREPARATION",
    "Audit preparation: evidence from the system",
    "Answer with evidence that the system made, not with screenshots.",
    minutes="2",
    slides=[
        slide(
            "evidence",
            "Made when it happened",
            "The best evidence was written when the thing happened: the ledger's entries with their proofs. A screenshot proves that somebody can make screenshots.",
            "Export a bundle for the period; the auditor checks it without us.",
        ),
        slide(
            "answer",
            "Answer the question",
            "Give what was asked, complete and no more. Not known is an answer, with the day by which it will be.",
        ),
    ],
    checks=[
        question(
            "best",
            "An auditor asks who was certified for data export on 3 March. What do you give?",
            right=["An evidence bundle for that scope and day"],
            wrong=["A screenshot of today's page", "A list from memory", "The training plan"],
            why="The bundle carries records, proofs and the signed checkpoint, and can be checked offline.",
            policy="POL-EVD-001",
            slide_id="evidence",
        ),
    ],
    policies=("POL-EVD-001",),
    runbooks=("RB-EVIDENCE-EXPORT",),
    scopes=("audit-preparation",),
    outcomes=("Answers auditors with checkable evidence",),
)

THIRD_PARTY = micro_lesson(
    "SEC-THIRD-PARTY",
    "Third-party review before the contract",
    "Know what a supplier sees, where, and how it ends, before signing.",
    minutes="2",
    slides=[
        slide(
            "before",
            "Before signing",
            "Which data, in which region, under whose access, with which way out? After signing the answers cost more.",
            "A certificate of the supplier covers what it names; read its scope.",
        ),
        slide(
            "after",
            "And every year",
            "Reviews are repeated yearly, and at once after an incident of the supplier's.",
        ),
    ],
    checks=[
        question(
            "scope",
            "A supplier shows a certificate. What do you read first?",
            right=["Its scope and its period"],
            wrong=["The logo", "The number of pages", "The auditor's name"],
            why="A certificate says nothing about systems and times outside of its scope.",
            policy="POL-TPR-001",
            slide_id="before",
        ),
    ],
    policies=("POL-TPR-001",),
    runbooks=("RB-THIRD-PARTY-REVIEW",),
    scopes=("third-party-review",),
    outcomes=("Reads scope and period of a supplier's certificate",),
)

CORE_QUIZ = quiz(
    "SEC-CORE-QUIZ",
    "Security: Core quiz",
    "Show that triage, access and evidence sit.",
    minutes="3",
    questions=[
        question(
            "wild",
            "A flaw of medium score is exploited in the wild, in a service that we expose. When is it fixed?",
            right=["Now"],
            wrong=["In the time for medium scores", "With the next release", "When a customer asks"],
            why="Exposed and exploited means now.",
            policy="POL-VUL-001",
        ),
        question(
            "self",
            "Who may grant you administrator rights?",
            right=["Somebody else who may"],
            wrong=["You, for emergencies", "Your script", "Nobody ever"],
            why="Nobody grants herself access.",
            policy="POL-IAM-001",
        ),
        question(
            "leaver",
            "When does a leaver's access end?",
            right=["The same day"],
            wrong=["At the end of the quarter", "When the laptop is back", "After handing over"],
            why="Accounts of people who are gone are the ones nobody watches.",
            policy="POL-IAM-001",
        ),
        question(
            "unknown",
            "You do not know the answer to an auditor's question. What do you say?",
            right=["That it is not known yet, and by when it will be"],
            wrong=["Something likely", "That the question is out of scope", "Nothing"],
            why="A wrong answer costs trust in all the right ones.",
            policy="POL-EVD-001",
        ),
    ],
    policies=("POL-VUL-001", "POL-IAM-001", "POL-EVD-001"),
    runbooks=("RB-VULNERABILITY",),
    scopes=("vulnerability-triage", "access-control"),
)

SIMULATION = simulation(
    "SEC-TRIAGE-SIMULATION",
    "Simulation: a flaw becomes public",
    "Decide what is touched, what is done tonight, and who is told.",
    minutes="4",
    setting="Wednesday, 17:30. A flaw in a widely used library becomes public, with a working exploit.",
    decisions=[
        decision(
            "inventory",
            "Do we use it? Three teams say no from memory.",
            "POL-VUL-001",
            choice("Ask the inventory of dependencies", 3, "Two services use it, one exposed."),
            choice("Believe the teams", 0, "The exposed service is scanned at 18:10 by strangers.", is_harmful=True),
            choice("Search the repositories by hand", 2, "Found by 19:00; the inventory would have said so at once."),
        ),
        decision(
            "tonight",
            "The exposed service needs a new version, which takes until tomorrow.",
            "POL-VUL-001",
            choice("Switch the affected function off tonight", 3, "Customers miss one function for a night."),
            choice(
                "Watch the log closely until tomorrow", 0, "The exploit leaves no line in the log.", is_harmful=True
            ),
            choice("Release an untested version now", 1, "It holds, by luck."),
        ),
        decision(
            "signs",
            "The log shows one odd request at 17:41.",
            "POL-INC-001",
            choice("Declare an incident and keep the log", 3, "The review can say with proof that nothing left."),
            choice("Note it in the ticket", 1, "By Friday the log has rotated."),
            choice("Restart the service to be safe", 0, "The memory that would have told was lost.", is_harmful=True),
        ),
    ],
    policies=("POL-VUL-001", "POL-INC-001"),
    runbooks=("RB-VULNERABILITY", "RB-INCIDENT"),
    scopes=("vulnerability-triage",),
)

SHIPMENT = Shipment(
    policies=(
        ShippedPolicy(
            "POL-VUL-001",
            "Vulnerability management",
            "Findings are ordered by reach and exploitation, fixed within the time of their class, and excepted only with reason, owner and end.",
        ),
        ShippedPolicy(
            "POL-IAM-001",
            "Identity and access",
            "Access is the least a task needs, granted by somebody else, for a time, reviewed every quarter and ended the day somebody leaves or moves.",
        ),
        ShippedPolicy(
            "POL-EVD-001",
            "Evidence and audit",
            "Evidence is made when things happen, exported by trained people with its proofs, and given complete to who asks with the right to.",
        ),
        ShippedPolicy(
            "POL-TPR-001",
            "Third-party risk",
            "Suppliers are reviewed before the contract and every year: data, region, access, incidents, and the way out.",
        ),
    ),
    runbooks=(
        ShippedRunbook(
            "RB-VULNERABILITY",
            "Triage a vulnerability",
            (
                ("Find out where", "Ask the inventory of dependencies, not memories.", None),
                ("Judge the reach", "Exposed? Exploited? Which data behind it?", None),
                ("Contain", "Switch off or shield what is exposed tonight.", None),
                ("Fix and verify", "New version, then try the exploit against it.", None),
            ),
        ),
        ShippedRunbook(
            "RB-ACCESS-REVIEW",
            "Review access",
            (
                ("List", "Who has access to what, and since when.", None),
                ("Confirm or end", "The manager confirms each line, or it ends.", None),
                ("Compare with training", "Who has access but lacks the training stands on the exception list.", None),
            ),
        ),
        ShippedRunbook(
            "RB-EVIDENCE-EXPORT",
            "Export evidence",
            (
                ("Agree on scope", "Person, organization, scope of certification, period or incident.", None),
                ("Export", "The bundle holds records, proofs, the signed checkpoint and its own verifier.", None),
                ("Verify", "Run the verifier on the unzipped bundle before you hand it over.", None),
                ("Hand over", "On the agreed way; note to whom. The export itself is in the ledger.", None),
            ),
        ),
        ShippedRunbook(
            "RB-THIRD-PARTY-REVIEW",
            "Review a supplier",
            (
                ("Data", "Which data, of whom, in which region.", None),
                ("Proofs", "Certificates with scope and period, test reports, incidents.", None),
                ("Way out", "How data come back and are deleted.", None),
            ),
        ),
    ),
    lessons=(TRIAGE, ACCESS, AUDIT_PREPARATION, THIRD_PARTY, CORE_QUIZ, SIMULATION),
    tracks=(
        ShippedTrack(
            Persona.SECURITY,
            TrackTier.CORE,
            "Security: Core",
            ("SEC-VULNERABILITY-TRIAGE", "SEC-ACCESS-CONTROL", "SEC-CORE-QUIZ"),
        ),
        ShippedTrack(
            Persona.SECURITY,
            TrackTier.ADVANCED,
            "Security: Advanced",
            ("SEC-AUDIT-PREPARATION", "SEC-THIRD-PARTY", "SEC-TRIAGE-SIMULATION"),
        ),
    ),
    scope_months={
        "vulnerability-triage": 12,
        "access-control": 12,
        "audit-preparation": 12,
        "third-party-review": 12,
    },
)
