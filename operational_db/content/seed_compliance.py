# ruff: noqa: E501 - texts for people
"""What compliance and risk people learn: policies, control tests, evidence, auditors; and changing a gate rule."""

from operational_db.content.seed_parts import (
    Shipment,
    ShippedFeature,
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

RULE_CHANGE = micro_lesson(
    "RULE-CHANGE",
    "Changing a gate rule without locking people out",
    "Preview whom a rule would stop, try it in dry run, then enforce it from a day people know.",
    minutes="2",
    slides=[
        slide(
            "preview",
            "Preview first",
            "A rule is read by a machine that makes no exceptions. The preview runs the proposed rule over the decisions of the last days and over today's people, and lists who would newly be denied or allowed.",
            "Nobody newly denied without a lesson to take.",
            "Rules are versions: the former one stays on record.",
        ),
        slide(
            "dry-run",
            "Dry run, then enforce",
            "In dry run the gate records what it would have said and stops nobody. When the list of would-be denials is what you meant, enforce it from an announced day.",
            "A waiver has a reason, an approver other than the person, and an end.",
        ),
    ],
    checks=[
        question(
            "before",
            "You shorten a window from 12 to 9 months. What do you do before enforcing it?",
            right=["Preview whom it would newly deny"],
            wrong=[
                "Enforce and wait for complaints",
                "Write to everybody that it is stricter",
                "Delete the former version",
            ],
            why="The preview names the people, by team, before any of them stands before a closed gate.",
            policy="POL-GOV-001",
            slide_id="preview",
        ),
        question(
            "dry",
            "What does a gate in dry run do to a person who lacks the training?",
            right=["It lets her pass and records that it would not have"],
            wrong=["It stops her", "Nothing at all", "It revokes her access"],
            why="Dry run answers with what it would have said, on record, and blocks nobody.",
            policy="POL-GOV-001",
            slide_id="dry-run",
        ),
    ],
    policies=("POL-GOV-001",),
    runbooks=("RB-GATE-RULE",),
    scopes=("rule-change",),
    outcomes=("Previews a rule and tries it in dry run before enforcing it",),
)

EVIDENCE_EXPORT = micro_lesson(
    "EVIDENCE-EXPORT",
    "Exporting evidence that can be checked without us",
    "Export the right records, verify the bundle, and hand it to who may have it.",
    minutes="2",
    slides=[
        slide(
            "scope",
            "The right records",
            "A bundle holds who was trained for what, when, with which score and under which policy. Names and addresses are in it only where the person asking has the right to them.",
            "Choose the smallest scope that answers the question.",
            "After an erasure the records stay, the name does not come back.",
        ),
        slide(
            "verify",
            "Verify, then hand over",
            "Each bundle carries proofs, the signed checkpoint and a verifier that runs offline. Run it yourself first. The export is written to the ledger, with the hash of its manifest.",
            "Never edit a file of a bundle: one changed letter fails the check, and rightly so.",
        ),
    ],
    checks=[
        question(
            "edit",
            "A bundle names a team wrongly. What do you do?",
            right=["Correct the record and export a new bundle"],
            wrong=["Edit the file in the bundle", "Leave out the file", "Explain it by telephone"],
            why="Every file is bound by its hash to the signed manifest; an edited one fails the check.",
            policy="POL-EVD-001",
            slide_id="verify",
        ),
        question(
            "small",
            "An auditor asks about one incident. Which bundle do you export?",
            right=["One for the incident"],
            wrong=["One for the whole organization", "One for each person of the company", "All of the ledger"],
            why="The smallest scope that answers the question gives away the least.",
            policy="POL-EVD-001",
            slide_id="scope",
        ),
    ],
    policies=("POL-EVD-001",),
    runbooks=("RB-EVIDENCE-EXPORT",),
    scopes=("evidence-export",),
    outcomes=("Exports the smallest bundle that answers, and verifies it",),
)

AUTHORSHIP = micro_lesson(
    "COM-POLICY-AUTHORSHIP",
    "Writing a policy people can follow",
    "Write what must be done, by whom, and how one sees that it was.",
    minutes="2",
    slides=[
        slide(
            "sentences",
            "One rule, one sentence",
            "Who does what, when, and what shows it. A rule that nobody can check is a wish.",
            "Must is for what is checked; should is left out.",
        ),
        slide(
            "versions",
            "Say what changed",
            "A new version says whether scope or controls changed. If they did, people re-certify from the day it takes effect; if only words changed, nobody needs to.",
        ),
    ],
    checks=[
        question(
            "recertify",
            "A policy gets clearer wording and nothing else. Who re-certifies?",
            right=["Nobody"],
            wrong=["Everybody", "Managers", "Whoever read the former version"],
            why="Re-certification is for changed scope or controls. Asking for it needlessly teaches people to click through.",
            policy="POL-GOV-001",
            slide_id="versions",
        ),
    ],
    policies=("POL-GOV-001",),
    runbooks=("RB-POLICY-CHANGE",),
    scopes=("policy-authorship",),
    outcomes=("Writes rules that can be checked, and marks what changed",),
)

CONTROL_TESTING = micro_lesson(
    "COM-CONTROL-TESTING",
    "Testing a control: design, then working",
    "Test whether a control could work, then whether it did.",
    minutes="2",
    slides=[
        slide(
            "design",
            "Two questions",
            "Design: if everybody follows it, is the risk met? Working: did everybody, over the period? A control that fails the first need not be tested for the second.",
        ),
        slide(
            "sample",
            "Samples drawn by chance",
            "Whoever is tested does not choose the sample. Draw from the full list, and first check that the list is full.",
        ),
    ],
    checks=[
        question(
            "complete",
            "You sample 25 changes from a list that the team sent. What do you check first?",
            right=["That the list is complete"],
            wrong=["That the 25 look typical", "That the team agrees", "That 25 is a round number"],
            why="A sample from an incomplete list tests only what somebody wanted tested.",
            policy="POL-EVD-001",
            slide_id="sample",
        ),
    ],
    policies=("POL-EVD-001",),
    runbooks=("RB-EVIDENCE-EXPORT",),
    scopes=("control-testing",),
    outcomes=("Tests design before working, on samples drawn by chance",),
)

LIAISON = micro_lesson(
    "COM-AUDITOR-LIAISON",
    "Working with auditors",
    "Give auditors one contact, complete answers, and evidence they can check.",
    minutes="2",
    slides=[
        slide(
            "contact",
            "One contact",
            "One person keeps the list of requests: what was asked, by whom, what was given and when. Specialists answer through that person.",
        ),
        slide(
            "findings",
            "Findings are tasks",
            "A finding has an owner, a day and a test by which one sees that it is done. Disagree with facts, in writing, once.",
        ),
    ],
    checks=[
        question(
            "done",
            "When is a finding closed?",
            right=["When its test shows that it is done"],
            wrong=["When its day has passed", "When the owner says so", "When the auditor has left"],
            why="A finding that was closed by word comes back next year, larger.",
            policy="POL-EVD-001",
            slide_id="findings",
        ),
    ],
    policies=("POL-EVD-001",),
    runbooks=("RB-EVIDENCE-EXPORT",),
    scopes=("auditor-liaison",),
    outcomes=("Keeps one list of requests and closes findings by test",),
)

CORE_QUIZ = quiz(
    "COM-CORE-QUIZ",
    "Compliance and risk: Core quiz",
    "Show that policies, rules and evidence sit.",
    minutes="3",
    questions=[
        question(
            "checkable",
            "Which sentence can be checked?",
            right=["Exports across tenants have two approvals in the ledger"],
            wrong=[
                "Exports should be handled with care",
                "Staff are aware of the risks",
                "Management supports security",
            ],
            why="Who does what, and what shows it.",
            policy="POL-GOV-001",
        ),
        question(
            "waiver",
            "What does a waiver need? Choose all.",
            right=["A reason", "An approver other than the person", "An end"],
            wrong=["A certificate"],
            why="Reason, another approver, and an end.",
            policy="POL-GOV-001",
        ),
        question(
            "exception",
            "Who stands on the exception list?",
            right=["Who has access but lacks the training"],
            wrong=["Who has neither", "Who failed a quiz", "Who is on leave"],
            why="The list names access without training, and why.",
            policy="POL-EVD-001",
        ),
        question(
            "scope-change",
            "A policy now covers partners too. What follows?",
            right=["People re-certify from the day it takes effect"],
            wrong=[
                "Nothing, it is the same rule",
                "The old lesson goes on counting for ever",
                "All access is removed today",
            ],
            why="Its scope changed; until the effective date former certifications count.",
            policy="POL-GOV-001",
        ),
    ],
    policies=("POL-GOV-001", "POL-EVD-001"),
    runbooks=("RB-POLICY-CHANGE",),
    scopes=("policy-authorship",),
)

SIMULATION = simulation(
    "COM-RULE-SIMULATION",
    "Simulation: a stricter gate before an audit",
    "Tighten a gate without stopping a company.",
    minutes="4",
    setting="Monday. In four weeks an audit begins. You want the data-export gate to ask for training of the last 9 months instead of 12.",
    decisions=[
        decision(
            "preview",
            "You have written the rule.",
            "POL-GOV-001",
            choice("Run the preview", 3, "It would newly deny 41 people, 38 of them in support."),
            choice(
                "Enforce it now, the audit is near", 0, "On Tuesday support cannot answer customers.", is_harmful=True
            ),
            choice(
                "Send it to the managers for comment",
                1,
                "They ask for a list of names, which the preview would have given.",
            ),
        ),
        decision(
            "support",
            "38 people in support would be denied.",
            "POL-GOV-001",
            choice("Assign them the lesson, due in two weeks, and announce the day", 3, "36 pass in time."),
            choice("Grant them all a waiver without an end", 0, "The rule now holds for nobody.", is_harmful=True),
            choice("Leave support out of the rule", 1, "Support exports the most."),
        ),
        decision(
            "last-two",
            "The day has come; two are on leave.",
            "POL-GOV-001",
            choice(
                "Enforce; they take the lesson when they are back",
                3,
                "The gate offers it to them at their first export.",
            ),
            choice("Postpone the rule for everybody", 1, "Two people on leave are no reason."),
            choice("Take the quiz for them", 0, "False evidence, signed by you.", is_harmful=True),
        ),
        decision(
            "audit",
            "The auditor asks since when the stricter rule holds.",
            "POL-EVD-001",
            choice(
                "Export the rule's versions and the decisions since", 3, "The auditor verifies it offline in a minute."
            ),
            choice("Show the page of rules", 1, "A page shows today."),
            choice("Say: since about four weeks", 0, "About is no date."),
        ),
    ],
    policies=("POL-GOV-001", "POL-EVD-001"),
    runbooks=("RB-GATE-RULE",),
    scopes=("rule-change",),
)

SHIPMENT = Shipment(
    policies=(
        ShippedPolicy(
            "POL-GOV-001",
            "Governance of policies and gates",
            "Policies are versioned and say whether scope or controls changed; gate rules are previewed, tried in dry run and enforced from an announced day; waivers have reason, approver and end.",
        ),
    ),
    runbooks=(
        ShippedRunbook(
            "RB-GATE-RULE",
            "Change a gate rule",
            (
                ("Write it", "Action, scope or track, level, window, policy and runbook.", None),
                ("Preview", "Over the last days of decisions and today's people.", None),
                ("Dry run", "Until the would-be denials are the ones you meant.", None),
                ("Assign", "The lesson to everybody who would be denied.", None),
                ("Enforce", "From the announced day. The former version stays on record.", None),
            ),
        ),
        ShippedRunbook(
            "RB-POLICY-CHANGE",
            "Change a policy",
            (
                ("Draft", "Mark whether scope or controls change.", None),
                ("Publish", "With the day it takes effect; dependent lessons are flagged.", None),
                ("Review", "The lessons, by security and UX; publish their next versions before that day.", None),
                ("Watch", "Who still has to re-certify.", None),
            ),
        ),
    ),
    features=(
        ShippedFeature(
            action="rule-change",
            title="Change of a gate rule",
            explanation=(
                "A gate rule decides who may do a risky action, every time, for everybody. A rule that is too loose lets "
                "untrained people through; one that is too strict stops a company on a Monday morning. So a change is a new "
                "version, never an edit; it is previewed over the decisions of the last days and over today's people, "
                "tried in dry run, and enforced from a day that people know. Whoever would newly be denied gets the lesson "
                "beforehand. Waivers are for single people, with a reason, an approver other than the person, and an end. "
                "All of it is in the ledger, so that any decision can be replayed years later."
            ),
            example=(
                "Example: the window for data export shrinks from 12 to 9 months. The preview lists 41 people; they get the "
                "lesson, and two weeks later the rule is enforced."
            ),
            tip_bullets=(
                "Preview whom the rule would newly deny or allow.",
                "Try it in dry run; enforce it from an announced day.",
                "Former versions stay on record and can be replayed.",
            ),
            policy_code="POL-GOV-001",
            runbook_code="RB-GATE-RULE",
            lesson_code="RULE-CHANGE",
        ),
        ShippedFeature(
            action="evidence-export",
            title="Export of evidence",
            explanation=(
                "An evidence bundle shows others who was trained for what and when, with proofs that they can check without "
                "trusting us. It leaves our walls, so choose the smallest scope that answers the question: a person, an "
                "incident, a scope, a period. Names are in it only where the one asking has a right to them; erased people "
                "stay erased. Verify the bundle with the script that is inside before you hand it over, and never edit a "
                "file: the signed manifest binds every one. The export itself is an entry in the ledger, with the hash of "
                "the manifest, so that later nobody can doubt what was given, by whom, and when."
            ),
            example=(
                "Example: after an incident an auditor asks who was certified. You export the incident's bundle, run the "
                "verifier, and hand over the file with the hash shown on the page."
            ),
            tip_bullets=(
                "Choose the smallest scope that answers the question.",
                "Run the verifier in the bundle before you hand it over.",
                "Never edit a file; correct the record and export again.",
            ),
            policy_code="POL-EVD-001",
            runbook_code="RB-EVIDENCE-EXPORT",
            lesson_code="EVIDENCE-EXPORT",
        ),
    ),
    lessons=(RULE_CHANGE, EVIDENCE_EXPORT, AUTHORSHIP, CONTROL_TESTING, LIAISON, CORE_QUIZ, SIMULATION),
    tracks=(
        ShippedTrack(
            Persona.COMPLIANCE_RISK,
            TrackTier.CORE,
            "Compliance and risk: Core",
            ("COM-POLICY-AUTHORSHIP", "RULE-CHANGE", "EVIDENCE-EXPORT", "COM-CORE-QUIZ"),
        ),
        ShippedTrack(
            Persona.COMPLIANCE_RISK,
            TrackTier.ADVANCED,
            "Compliance and risk: Advanced",
            ("COM-CONTROL-TESTING", "COM-AUDITOR-LIAISON", "COM-RULE-SIMULATION"),
        ),
    ),
    scope_months={
        "rule-change": 12,
        "evidence-export": 12,
        "policy-authorship": 12,
        "control-testing": 12,
        "auditor-liaison": 12,
    },
)
