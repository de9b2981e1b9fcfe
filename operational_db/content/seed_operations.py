# ruff: noqa: E501 - texts for people
"""What operations and support learn: incidents, changes to production, runbooks, escalation."""

from decimal import Decimal

from operational_db.content.seed_parts import (
    Shipment,
    ShippedFeature,
    ShippedLesson,
    ShippedPolicy,
    ShippedRunbook,
    ShippedTrack,
    choice,
    decision,
    micro_lesson,
    question,
    quiz,
    say,
    simulation,
    slide,
    step,
)
from operational_db.types import LessonType, Persona, TrackTier

INCIDENTS = micro_lesson(
    "OPS-INCIDENT-RESPONSE",
    "Incident response: one lead, one log",
    "Restore service first, with one person leading and everything noted.",
    minutes="2",
    slides=[
        slide(
            "lead",
            "One lead",
            "Whoever declares the incident leads until somebody takes over by name. The lead does not type commands.",
            "Declare early; closing a needless incident costs nothing.",
            "Restore service before looking for the cause.",
        ),
        slide(
            "log",
            "One log",
            "Every finding and every command goes into the incident's log with its time. It is what the review, and an auditor, will read.",
            "Customers are told what is known, and when the next word comes.",
        ),
    ],
    checks=[
        question(
            "order",
            "Two causes seem possible and the service is down. What comes first?",
            right=["Bring the service back, by rolling back or failing over"],
            wrong=["Find out which cause it was", "Write to all customers", "Call everybody into the meeting"],
            why="Restoring comes before understanding; evidence is in the log.",
            policy="POL-INC-001",
            slide_id="lead",
        ),
        question(
            "lead-types",
            "Who types the commands in an incident?",
            right=["A responder whom the lead names"],
            wrong=["The lead", "Whoever has the rights", "Everybody in turn"],
            why="Who leads keeps the overview, which nobody does while typing.",
            policy="POL-INC-001",
            slide_id="lead",
        ),
    ],
    policies=("POL-INC-001",),
    runbooks=("RB-INCIDENT",),
    scopes=("incident-response",),
    outcomes=("Declares early and hands the lead over by name",),
)

CHANGE_MANAGEMENT = micro_lesson(
    "OPS-CHANGE-MANAGEMENT",
    "Production changes: window, approval, way back",
    "Change production in a window, approved by another person, with a tested way back.",
    minutes="2",
    slides=[
        slide(
            "window",
            "Inside the window",
            "A change to production needs a ticket, a window, an approval by somebody else, and the way back.",
            "The gate asks for Operations Core and a passed simulation of the last nine months.",
            "Outside of the window only in a declared incident.",
        ),
        slide(
            "back",
            "The way back is tested",
            "A backup nobody restored is a hope. Say how long the way back takes, and start it while enough of the window is left.",
            "Halfway through the window without an end in sight: go back.",
        ),
    ],
    checks=[
        question(
            "approval",
            "Who may approve your change?",
            right=["Somebody else with the approval right"],
            wrong=["You, if it is small", "You, after the window", "The customer"],
            why="Nobody approves her own change, whatever its size.",
            policy="POL-CHG-001",
            slide_id="window",
        ),
        question(
            "half",
            "The window is 60 minutes, the way back takes 20. At which minute at the latest do you start back?",
            right=["Minute 40"],
            wrong=["Minute 60", "Minute 55", "When the change has failed three times"],
            why="60 less 20: later, the way back ends outside of the window.",
            policy="POL-CHG-001",
            slide_id="back",
        ),
    ],
    policies=("POL-CHG-001",),
    runbooks=("RB-PROD-CHANGE",),
    scopes=("prod-change",),
    outcomes=("Plans a change with window, approval and way back", "Starts back in time"),
)

RUNBOOKS = micro_lesson(
    "OPS-RUNBOOKS",
    "Follow the runbook, then mend it",
    "Work from the runbook, note where it is wrong, and mend it the same week.",
    minutes="2",
    slides=[
        slide(
            "follow",
            "Step by step",
            "At three in the morning memory is a poor guide. Open the runbook, do the steps in order, tick them off in the log.",
            "A step that does not fit: stop, say so, decide together.",
        ),
        slide(
            "mend",
            "Mend it",
            "A wrong step that stays costs the next person an hour. Whoever stumbled writes the change, the owner reviews it.",
        ),
    ],
    checks=[
        question(
            "wrong-step",
            "Step 4 names a server that no longer exists. What do you do?",
            right=["Stop, note it in the log, and decide with the lead"],
            wrong=["Skip it and go on", "Pick a similar server", "Start again from step 1"],
            why="The following steps assume that step 4 was done.",
            policy="POL-INC-001",
            slide_id="follow",
        ),
    ],
    policies=("POL-INC-001",),
    runbooks=("RB-INCIDENT",),
    scopes=("runbooks",),
    outcomes=("Works from runbooks and mends them",),
)

ESCALATION = micro_lesson(
    "OPS-ESCALATION",
    "Escalate early, with the facts",
    "Hand over a problem with what was seen, tried and needed.",
    minutes="2",
    slides=[
        slide(
            "when",
            "When",
            "Escalate when the time set for your level is over, when customers' data may be touched, or when you are unsure about either.",
            "Data of customers involved: security duty at once, whatever the hour.",
        ),
        slide(
            "how",
            "How",
            "Say what customers see, since when, what was tried, and what you need. Stay until the other confirms by name.",
        ),
    ],
    checks=[
        question(
            "data",
            "A customer reports seeing another customer's order. It is 2:00 at night. Whom do you call?",
            right=["The security duty, now"],
            wrong=["The account manager, at 9:00", "Nobody, it may be a display error", "The other customer"],
            why="Data across tenants are a matter for the security duty at any hour.",
            policy="POL-INC-001",
            slide_id="when",
        ),
    ],
    policies=("POL-INC-001",),
    runbooks=("RB-ESCALATION",),
    scopes=("escalation",),
    outcomes=("Escalates in time and with facts",),
)

CORE_QUIZ = quiz(
    "OPS-CORE-QUIZ",
    "Operations: Core quiz",
    "Show that incidents, changes, runbooks and escalation sit.",
    minutes="3",
    questions=[
        question(
            "declare",
            "When is an incident declared?",
            right=["As soon as customers may be affected"],
            wrong=["When the cause is known", "When two people agree", "After the fix"],
            why="Declaring early gets help; closing costs nothing.",
            policy="POL-INC-001",
        ),
        question(
            "outside",
            "A change is urgent, and the window is tomorrow. When may it happen today?",
            right=["In a declared incident"],
            wrong=["If the customer asks", "If it takes less than five minutes", "If nobody notices"],
            why="Outside of the window changes happen in a declared incident only.",
            policy="POL-CHG-001",
        ),
        question(
            "handover",
            "When is an escalation handed over?",
            right=["When the other confirms by name"],
            wrong=["When the message is sent", "When the shift ends", "When the ticket is assigned"],
            why="Until somebody confirms, nobody works on it.",
            policy="POL-INC-001",
        ),
        question(
            "ready",
            "What does a production change need? Choose all.",
            right=["Approval by somebody else", "A way back with its time"],
            wrong=["The customer's signature", "A free weekend"],
            why="Ticket, window, approval by somebody else and the way back.",
            policy="POL-CHG-001",
        ),
        question(
            "log",
            "Where do commands of an incident go?",
            right=["Into the incident's log, with their time"],
            wrong=["Into a private note", "Nowhere, they are in the shell's history", "Into the report a week later"],
            why="The log is what the review and the auditor read.",
            policy="POL-INC-001",
        ),
    ],
    policies=("POL-INC-001", "POL-CHG-001"),
    runbooks=("RB-INCIDENT", "RB-PROD-CHANGE"),
    scopes=("incident-response", "prod-change"),
)

WALKTHROUGH = ShippedLesson(
    code="PROD-CHANGE-WALKTHROUGH",
    title="Open a production change window",
    lesson_type=LessonType.WALKTHROUGH,
    minutes=Decimal(2),
    body={
        "title": say("Open a production change window"),
        "steps": [
            step(
                "ticket",
                "changes.new.ticket",
                "Name the ticket",
                "The gate reads your certifications as soon as the ticket is named; the chip beside it shows how long they hold.",
                "Alt+N, type, Enter",
                (
                    "POL-CHG-001",
                    "Changes to production happen in a window, approved by somebody else, with a way back.",
                ),
            ),
            step(
                "way-back",
                "changes.new.way_back",
                "Describe the way back",
                "Say what is undone, how, and how many minutes it takes.",
                "Tab, type",
            ),
            step(
                "approve",
                "changes.new.approval",
                "Ask for approval",
                "Choose somebody on duty. You cannot choose yourself.",
                "Tab, arrow keys, Ctrl+Enter",
                ("RB-PROD-CHANGE", "The steps of the change itself, from announcing it to closing the window."),
                feature_flag="changes.approval",
            ),
        ],
    },
    policy_codes=("POL-CHG-001",),
    runbook_codes=("RB-PROD-CHANGE",),
    scope_tags=("prod-change",),
    expected_outcomes=("Opens a change window with everything the gate asks for",),
    objective="Open a production change window with ticket, way back and approval.",
)

SIMULATION = simulation(
    "PROD-CHANGE-SIMULATION",
    "Simulation: a production change window",
    "Run a change from announcement to the decision to go back.",
    minutes="4",
    setting="Thursday, 22:00. You change the size of the order table in production. The window is 60 minutes, the way back takes 20.",
    decisions=[
        decision(
            "start",
            "22:00. The approver has not answered yet.",
            "POL-CHG-001",
            choice("Wait, and call the deputy", 3, "The deputy approves at 22:06."),
            choice(
                "Start; it was agreed in the meeting",
                0,
                "A change without a recorded approval. The gate had denied it for a reason.",
                is_harmful=True,
            ),
            choice("Move the change to the next window", 2, "Safe. The customer waits a week."),
        ),
        decision(
            "slow",
            "22:25. The change has done a third of the table.",
            "POL-CHG-001",
            choice(
                "Compute when it will be done, and compare with 22:40",
                3,
                "It would be done at 23:17: you will have to go back.",
            ),
            choice("Start a second worker to speed it up", 0, "Both lock the table; orders stop.", is_harmful=True),
            choice("Wait until 22:55 and see", 1, "At 22:55 there is no time left for the way back."),
        ),
        decision(
            "back",
            "22:38. It cannot end inside the window.",
            "POL-CHG-001",
            choice("Start the way back", 3, "At 22:57 all is as before."),
            choice("Ask for a longer window", 1, "Nobody awake may grant it."),
            choice(
                "Go on; the night is quiet",
                0,
                "At 23:05 the morning's batch of another region starts on a half-changed table.",
                is_harmful=True,
            ),
        ),
        decision(
            "close",
            "22:58. The table is as before.",
            "POL-CHG-001",
            choice(
                "Close the window, note times and cause, plan smaller steps",
                3,
                "Next week it runs in four windows of 15 minutes.",
            ),
            choice("Close the window", 1, "The next attempt starts from nothing."),
            choice("Try again at once", 0, "Two minutes are left.", is_harmful=True),
        ),
    ],
    policies=("POL-CHG-001",),
    runbooks=("RB-PROD-CHANGE",),
    scopes=("prod-change",),
)

SHIPMENT = Shipment(
    policies=(
        ShippedPolicy(
            "POL-CHG-001",
            "Change management",
            "Changes to production have a ticket, a window, an approval by somebody else and a tested way back; outside of the window only in a declared incident.",
            is_critical=True,
        ),
        ShippedPolicy(
            "POL-INC-001",
            "Incident response",
            "Incidents are declared early, led by one person, logged with times, and reviewed; data of customers involve the security duty at once.",
            is_critical=True,
        ),
    ),
    runbooks=(
        ShippedRunbook(
            "RB-PROD-CHANGE",
            "Production change",
            (
                ("Open the window", "Name ticket, way back and approver.", "PROD-CHANGE-WALKTHROUGH"),
                ("Announce it", "Tell support and the duty when it starts and ends.", None),
                ("Change", "Step by step from the ticket, each noted with its time.", None),
                ("Decide in time", "Window less way back: from that minute on, go back.", None),
                ("Close", "Check the service, close the window, note what was learned.", None),
            ),
        ),
        ShippedRunbook(
            "RB-INCIDENT",
            "Incident",
            (
                ("Declare", "Open the incident and say that you lead.", None),
                ("Restore", "Roll back, fail over or switch off; the cause can wait.", None),
                ("Tell", "Customers and management: what is known, and when the next word comes.", None),
                ("Review", "Within five days, from the log.", None),
            ),
        ),
        ShippedRunbook(
            "RB-ESCALATION",
            "Escalate",
            (
                ("Collect", "What customers see, since when, what was tried.", None),
                ("Call", "The duty of the next level; the security duty where customers' data may be touched.", None),
                ("Hand over", "Stay until the other confirms by name.", None),
            ),
        ),
    ),
    features=(
        ShippedFeature(
            action="production-change",
            title="Production change window",
            explanation=(
                "A change window opens production to your commands for a set time. Most outages begin with a change, so "
                "the window asks for three things: a ticket that says what is changed and why, an approval by somebody else, "
                "and a way back that was tried and whose minutes are known. The gate asks for Operations Core and for the "
                "passed simulation of the last nine months, because practice fades. Every command in the window is noted "
                "with its time. When the window less the way back is used up, you go back, however close the end seems. "
                "Outside of a window production is changed in a declared incident only."
            ),
            example=(
                "Example: a window of 60 minutes, a way back of 20. At minute 40 a third is still to do. You go back, and "
                "plan four smaller windows."
            ),
            tip_bullets=(
                "Ticket, window, approval by somebody else, and a way back that was tried.",
                "Start back when the window less the way back is used up.",
                "Outside of the window only in a declared incident.",
            ),
            policy_code="POL-CHG-001",
            runbook_code="RB-PROD-CHANGE",
            lesson_code="OPS-CHANGE-MANAGEMENT",
        ),
    ),
    lessons=(INCIDENTS, CHANGE_MANAGEMENT, RUNBOOKS, ESCALATION, CORE_QUIZ, WALKTHROUGH, SIMULATION),
    tracks=(
        ShippedTrack(
            Persona.OPERATIONS,
            TrackTier.CORE,
            "Operations: Core",
            ("OPS-INCIDENT-RESPONSE", "OPS-CHANGE-MANAGEMENT", "OPS-RUNBOOKS", "OPS-CORE-QUIZ"),
            ("PROD-CHANGE-WALKTHROUGH",),
        ),
        ShippedTrack(
            Persona.OPERATIONS,
            TrackTier.ADVANCED,
            "Operations: Advanced",
            ("OPS-ESCALATION", "PROD-CHANGE-SIMULATION"),
        ),
    ),
    scope_months={"incident-response": 12, "prod-change": 12, "runbooks": 12, "escalation": 12},
)
