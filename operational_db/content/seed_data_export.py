# ruff: noqa: E501 - texts for people
"""The data-export micro-lesson of the embedded-training seed, with its walkthrough, simulation, policies and runbook.

In English and Spanish. The quiz maps to POL-DA-003 and POL-DATA-RES-002 and needs 80 %, which of four is all four.
"""

from decimal import Decimal

from operational_db.content.seed_parts import (
    Shipment,
    ShippedFeature,
    ShippedLesson,
    ShippedPolicy,
    ShippedRunbook,
    choice,
    decision,
    question,
    say,
    simulation,
    slide,
    step,
)
from operational_db.types import LessonType

LESSON_CODE = "DATA-EXPORT"
WALKTHROUGH_CODE = "DATA-EXPORT-WALKTHROUGH"
SIMULATION_CODE = "DATA-EXPORT-SIMULATION"
TITLE = say(
    "Secure Data Export: Preventing Unauthorized Leakage",
    "Exportación segura de datos: cómo evitar fugas no autorizadas",
)
OBJECTIVE = say(
    "Ensure exports respect tenancy, data minimization, and approval workflows.",
    "Lograr que cada exportación respete la separación entre clientes, la minimización de datos y las aprobaciones.",
)

# One minute: a table of customers, a mask that runs over its secret columns, a ticket, two approvals, the ledger.
MASKED_PREVIEW = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 360" role="img" font-family="sans-serif">'
    "<title>Masked preview of an export</title>"
    '<rect x="0" y="0" width="640" height="360" fill="#f4f6f8"/>'
    '<rect x="40" y="40" width="560" height="170" rx="6" fill="#ffffff" stroke="#9aa5b1"/>'
    '<g font-size="16" fill="#1f2933">'
    '<text x="60" y="70" font-weight="bold">tenant</text><text x="170" y="70" font-weight="bold">customer</text>'
    '<text x="320" y="70" font-weight="bold">e-mail</text><text x="480" y="70" font-weight="bold">API secret</text>'
    '<text x="60" y="110">T-204</text><text x="170" y="110">Customer A</text>'
    '<text x="320" y="110">a***@mail</text><text x="480" y="110">k9f2-7c11</text>'
    '<text x="60" y="150">T-204</text><text x="170" y="150">Customer B</text>'
    '<text x="320" y="150">b***@mail</text><text x="480" y="150">m3a8-90de</text>'
    '<text x="60" y="190">T-204</text><text x="170" y="190">Customer C</text>'
    '<text x="320" y="190">c***@mail</text><text x="480" y="190">p0d4-1b6e</text></g>'
    '<rect x="470" y="88" width="0" height="112" fill="#1f2933">'
    '<animate attributeName="width" from="0" to="120" begin="12s" dur="6s" fill="freeze"/></rect>'
    '<g font-size="16" fill="#1f2933" opacity="0">'
    '<animate attributeName="opacity" from="0" to="1" begin="26s" dur="2s" fill="freeze"/>'
    '<rect x="40" y="235" width="250" height="36" rx="4" fill="#ffffff" stroke="#9aa5b1"/>'
    '<text x="54" y="259">Ticket: REQ-1042, tenant T-204</text></g>'
    '<g font-size="16" fill="#0b6e4f" opacity="0">'
    '<animate attributeName="opacity" from="0" to="1" begin="38s" dur="2s" fill="freeze"/>'
    '<text x="320" y="259">Approved: 1 of 2</text></g>'
    '<g font-size="16" fill="#0b6e4f" opacity="0">'
    '<animate attributeName="opacity" from="0" to="1" begin="44s" dur="2s" fill="freeze"/>'
    '<text x="470" y="259">Approved: 2 of 2</text></g>'
    '<g font-size="16" fill="#1f2933" opacity="0">'
    '<animate attributeName="opacity" from="0" to="1" begin="52s" dur="2s" fill="freeze"/>'
    '<text x="40" y="320">Ledger: export started, destination on the allowlist</text></g>'
    "</svg>"
)


def _caption(start: int, end: int, english: str, spanish: str) -> dict[str, object]:
    return {"from_seconds": str(start), "to_seconds": str(end), "text": say(english, spanish)}


MEDIA = {
    "id": "masked-preview",
    "kind": "animation",
    "alt": say(
        "A preview of an export: the secret column is masked, a ticket is named, two people approve, the ledger notes it.",
        "Vista previa de una exportación: la columna secreta se oculta, se indica un tique, dos personas aprueban y el "
        "registro lo anota.",
    ),
    "svg": MASKED_PREVIEW,
    "length_seconds": "60",
    "captions": [
        _caption(0, 12, "The preview shows what would leave: customers of one tenant.",
                 "La vista previa muestra lo que saldría: clientes de un solo inquilino."),
        _caption(12, 26, "Secrets and credentials are masked. They are not part of the default columns.",
                 "Los secretos y credenciales se ocultan. No forman parte de las columnas predeterminadas."),
        _caption(26, 38, "The export names the tenant and the request ticket.",
                 "La exportación indica el inquilino y el tique de la solicitud."),
        _caption(38, 52, "It crosses tenants? Then two people approve it.",
                 "¿Abarca varios inquilinos? Entonces la aprueban dos personas."),
        _caption(52, 60, "Every export is written to the ledger.", "Cada exportación queda anotada en el registro."),
    ],
}  # fmt: skip

SLIDES = [
    slide(
        "destinations",
        say("Where data may go", "A dónde pueden ir los datos"),
        say(
            "An export leaves our walls for good. It goes to allowlisted destinations only.",
            "Una exportación sale de nuestra casa para siempre. Solo va a destinos de la lista permitida.",
        ),
        say("Choose a destination from the allowlist.", "Elija un destino de la lista permitida."),
        say(
            "Personal e-mail and personal cloud drives are blocked.",
            "El correo personal y las nubes personales están bloqueados.",
        ),
        say(
            "A new destination is requested and reviewed before it is connected.",
            "Un destino nuevo se solicita y se revisa antes de conectarlo.",
        ),
    ),
    slide(
        "contents",
        say("What an export holds", "Qué contiene una exportación"),
        say(
            "As little as the purpose needs, and always traceable to a request.",
            "Lo mínimo que exige el fin, y siempre ligado a una solicitud.",
        ),
        say(
            "It names the tenant ID and the request ticket number.",
            "Indica el ID del inquilino y el número de tique de la solicitud.",
        ),
        say(
            "The default columns exclude secrets and credentials. Leave it so.",
            "Las columnas predeterminadas excluyen secretos y credenciales. Déjelo así.",
        ),
        say("Look at the masked preview before you send.", "Mire la vista previa enmascarada antes de enviar."),
        media_id="masked-preview",
    ),
    slide(
        "approval",
        say("Who approves, and what if it goes wrong", "Quién aprueba y qué hacer si algo sale mal"),
        say(
            "Everything is written down, and a mis-send can be called back if you are quick.",
            "Todo queda anotado, y un envío equivocado se puede revertir si se actúa rápido.",
        ),
        say(
            "Exports across tenants need dual approval.",
            "Las exportaciones entre inquilinos requieren doble aprobación.",
        ),
        say("All exports are logged to the ledger.", "Todas las exportaciones quedan en el registro."),
        say(
            'Sent to the wrong place? Trigger the "Export Recall" runbook within 15 minutes.',
            "¿Enviado al lugar equivocado? Inicie el procedimiento «Export Recall» antes de 15 minutos.",
        ),
    ),
]

CHECK = question(
    "check-secrets",
    say(
        "Are API secrets among the default columns of an export?",
        "¿Están los secretos de API entre las columnas predeterminadas?",
    ),
    right=[say("No, the default columns leave them out", "No, las columnas predeterminadas los excluyen")],
    wrong=[say("Yes, but masked", "Sí, pero enmascarados"), say("Only for own customers", "Solo de clientes propios")],
    why=say(
        "The default columns exclude secrets and credentials; nobody needs to remove them by hand.",
        "Las columnas predeterminadas excluyen secretos y credenciales; nadie tiene que quitarlos a mano.",
    ),
    policy="POL-DA-003",
    slide_id="contents",
)

QUIZ = [
    question(
        "destination",
        say(
            "A colleague asks for an export to a personal cloud drive, to work on it over the weekend. What do you do?",
            "Un colega pide una exportación a su nube personal para trabajar el fin de semana. ¿Qué hace usted?",
        ),
        right=[
            say(
                "Decline and offer a destination from the allowlist",
                "No la hago y ofrezco un destino de la lista permitida",
            )
        ],
        wrong=[
            say("Export it with a password", "La exporto con contraseña"),
            say("Export it and delete it on Monday", "La exporto y la borro el lunes"),
            say("Ask the colleague's manager to agree", "Pido el visto bueno de su jefe"),
        ],
        why=say(
            "Only allowlisted destinations may receive data; personal e-mail and cloud drives are blocked, whoever agrees.",
            "Solo los destinos de la lista permitida pueden recibir datos; correo y nube personales están bloqueados, "
            "lo autorice quien lo autorice.",
        ),
        policy="POL-DA-003",
        slide_id="destinations",
    ),
    question(
        "contents",
        say("What must every export name?", "¿Qué debe indicar toda exportación?"),
        right=[
            say("The tenant ID", "El ID del inquilino"),
            say("The request ticket number", "El número de tique de la solicitud"),
        ],
        wrong=[
            say("The customer's password hint", "La pista de la contraseña del cliente"),
            say("The recipient's home address", "El domicilio del destinatario"),
        ],
        why=say(
            "Tenant ID and request ticket make an export traceable; without both it is not compliant.",
            "El ID del inquilino y el tique hacen rastreable la exportación; sin ambos no es conforme.",
        ),
        policy="POL-DA-003",
        slide_id="contents",
    ),
    question(
        "approval",
        say(
            "An analysis needs the customers of two tenants in one file. What does the export need?",
            "Un análisis necesita clientes de dos inquilinos en un archivo. ¿Qué requiere la exportación?",
        ),
        right=[say("Approval by two people", "La aprobación de dos personas")],
        wrong=[
            say("Nothing more, both tenants are ours", "Nada más, ambos inquilinos son nuestros"),
            say("A note to the tenants afterwards", "Un aviso posterior a los inquilinos"),
            say("One approval, by either tenant", "Una aprobación, de cualquiera de los dos"),
        ],
        why=say(
            "Cross-tenant exports need dual approval, and every export is logged to the ledger.",
            "Las exportaciones entre inquilinos requieren doble aprobación, y todas quedan en el registro.",
        ),
        policy="POL-DATA-RES-002",
        slide_id="approval",
    ),
    question(
        "recall",
        say(
            "You notice that an export went to the wrong destination. What comes first?",
            "Usted nota que una exportación fue al destino equivocado. ¿Qué es lo primero?",
        ),
        right=[
            say(
                'Trigger the "Export Recall" runbook within 15 minutes',
                "Iniciar el procedimiento «Export Recall» antes de 15 minutos",
            )
        ],
        wrong=[
            say("Write to the recipient and wait for an answer", "Escribir al destinatario y esperar respuesta"),
            say("Report it in the next weekly meeting", "Informarlo en la próxima reunión semanal"),
            say("Delete the entry in the ledger", "Borrar la anotación del registro"),
        ],
        why=say(
            'The "Export Recall" runbook can still cut off access, if it starts within 15 minutes. Entries stay.',
            "El procedimiento «Export Recall» aún puede cortar el acceso si se inicia antes de 15 minutos. "
            "Las anotaciones permanecen.",
        ),
        policy="POL-DATA-RES-002",
        slide_id="approval",
    ),
]

MICRO_LESSON = ShippedLesson(
    code=LESSON_CODE,
    title=TITLE["en"],
    lesson_type=LessonType.MICRO_LESSON,
    minutes=Decimal(4),
    body={
        "title": TITLE,
        "objective": OBJECTIVE,
        "trigger": say(
            "User initiates CSV/NDJSON export of customer data or connects a new destination.",
            "El usuario inicia una exportación CSV/NDJSON de datos de clientes o conecta un destino nuevo.",
        ),
        "prerequisites": say(
            "Authenticated user with export capability but lacking current data-export certification.",
            "Usuario autenticado que puede exportar y no tiene vigente la certificación data-export.",
        ),
        "slides": SLIDES,
        "media": [MEDIA],
        "checks": [CHECK],
        "quiz": QUIZ,
        "links": [
            {
                "label": say("Export Recall runbook", "Procedimiento Export Recall"),
                "target": "runbook:RB-EXPORT-RECALL",
            },
            {
                "label": say("Walk through a compliant export", "Recorrido por una exportación conforme"),
                "target": f"lesson:{WALKTHROUGH_CODE}",
            },
        ],
    },
    policy_codes=("POL-DA-003", "POL-DATA-RES-002"),
    runbook_codes=("RB-EXPORT-RECALL",),
    scope_tags=("data-export", "pii", "third-party-transfer"),
    expected_outcomes=(
        "Sends exports to allowlisted destinations only",
        "Names tenant and ticket, and leaves secrets out",
        "Gets dual approval across tenants and recalls a mis-send within 15 minutes",
    ),
    objective=OBJECTIVE["en"],
    locales=("en", "es"),
)

WALKTHROUGH = ShippedLesson(
    code=WALKTHROUGH_CODE,
    title="Configure a compliant export and submit it for approval",
    lesson_type=LessonType.WALKTHROUGH,
    minutes=Decimal(2),
    body={
        "title": say(
            "Configure a compliant export and submit it for approval",
            "Configurar una exportación conforme y enviarla a aprobación",
        ),
        "steps": [
            step(
                "start",
                "exports.list",
                say("Start an export", "Inicie una exportación"),
                say(
                    "Choose New export. Your chip shows whether your data-export certification is valid.",
                    "Elija Nueva exportación. Su distintivo muestra si su certificación data-export está vigente.",
                ),
                "Alt+N",
                (
                    "POL-DA-003",
                    say(
                        "Data may be taken out for a stated purpose, by trained people, to approved places.",
                        "Los datos salen con un fin declarado, por personas formadas y a lugares aprobados.",
                    ),
                ),
            ),
            step(
                "destination",
                "exports.new.destination",
                say("Choose the destination", "Elija el destino"),
                say(
                    "Only allowlisted destinations are offered. Missing one? Request it; do not work around it.",
                    "Solo se ofrecen destinos permitidos. ¿Falta uno? Solicítelo; no lo esquive.",
                ),
                "Tab, arrow keys, Enter",
                feature_flag="exports.allowlist",
            ),
            step(
                "columns",
                "exports.new.columns",
                say("Check columns and preview", "Revise columnas y vista previa"),
                say(
                    "Keep the default columns. The masked preview shows exactly what would leave.",
                    "Conserve las columnas predeterminadas. La vista previa muestra exactamente lo que saldría.",
                ),
                "Tab, Space",
            ),
            step(
                "ticket",
                "exports.new.request",
                say("Name tenant and ticket", "Indique inquilino y tique"),
                say(
                    "Enter the tenant ID and the request ticket number. Both are written to the ledger.",
                    "Escriba el ID del inquilino y el número de tique. Ambos quedan en el registro.",
                ),
                "Tab, type, Enter",
                (
                    "POL-DATA-RES-002",
                    say(
                        "Data of a tenant stay with the tenant; crossing that line takes two people.",
                        "Los datos de un inquilino se quedan con él; cruzar esa línea requiere dos personas.",
                    ),
                ),
            ),
            step(
                "approval",
                "exports.new.approval",
                say("Submit for approval", "Envíe a aprobación"),
                say(
                    "Submit. Across tenants a second approver is asked by itself.",
                    "Envíe. Entre inquilinos se pide automáticamente una segunda aprobación.",
                ),
                "Ctrl+Enter",
                (
                    "RB-EXPORT-RECALL",
                    say(
                        "Sent wrongly? Start Export Recall within 15 minutes.",
                        "¿Envío equivocado? Inicie Export Recall antes de 15 minutos.",
                    ),
                ),
                feature_flag="exports.dual_approval",
            ),
        ],
    },
    policy_codes=("POL-DA-003", "POL-DATA-RES-002"),
    runbook_codes=("RB-EXPORT-RECALL",),
    scope_tags=("data-export",),
    expected_outcomes=("Configures an export that needs no correction",),
    objective="Configure a compliant export and submit it for approval.",
    locales=("en", "es"),
)

SIMULATION = simulation(
    SIMULATION_CODE,
    "Simulation: an urgent export",
    "Decide under time pressure what may leave, to where, and who approves.",
    minutes="4",
    setting="Friday, 16:40. An account manager needs customer data of tenant T-204 for a meeting at 17:30, and calls you.",
    decisions=[
        decision(
            "where",
            "The account manager asks you to send the file to a private e-mail address, since the office mail is slow.",
            "POL-DA-003",
            choice(
                "Offer the allowlisted share of the project",
                3,
                "The share is reachable from the meeting room, and access ends by itself.",
            ),
            choice(
                "Send it, encrypted with a password given by phone",
                0,
                "The data now lie in a private mailbox that nobody can recall. This is a leak.",
                is_harmful=True,
            ),
            choice(
                "Refuse and hang up", 1, "Nothing leaked, but the meeting goes without data that it could have had."
            ),
        ),
        decision(
            "what",
            "The form offers 48 columns. The meeting is about the number of open orders per customer.",
            "POL-DA-003",
            choice("Customer and number of open orders", 3, "What the purpose needs, and no more."),
            choice("The default columns", 2, "No secrets leave, though more personal data than needed do."),
            choice(
                "All 48, one never knows",
                0,
                "Credentials of 300 customers are in the file.",
                is_harmful=True,
            ),
        ),
        decision(
            "tenants",
            "He adds: 'and the same for T-311, in the same file, please.'",
            "POL-DATA-RES-002",
            choice(
                "Ask for the second approval and tell him what it takes",
                3,
                "The approver on duty answers in 10 minutes.",
            ),
            choice(
                "Make two files, one for each tenant, each under its ticket", 2, "Separate, though it avoids a review."
            ),
            choice("Approve it yourself twice", 0, "One person is not two; the gate records it.", is_harmful=True),
        ),
        decision(
            "mis-send",
            "17:05. You see that T-311's file went to T-204's share.",
            "POL-DATA-RES-002",
            choice("Start Export Recall now", 3, "Access is cut after 4 minutes; the log shows that nobody opened it."),
            choice("Ask the account manager to delete it", 1, "He is in the meeting; the file stays open for an hour."),
            choice("Wait whether anybody notices", 0, "Somebody does: the customer.", is_harmful=True),
        ),
    ],
    policies=("POL-DA-003", "POL-DATA-RES-002"),
    runbooks=("RB-EXPORT-RECALL",),
    scopes=("data-export",),
)

SHIPMENT = Shipment(
    policies=(
        ShippedPolicy(
            "POL-DA-003",
            "Data access and export",
            "Data leave for a stated purpose only, by trained people, to allowlisted destinations, with tenant and ticket "
            "named and without secrets or credentials.",
        ),
        ShippedPolicy(
            "POL-DATA-RES-002",
            "Data residency and tenancy",
            "Data of a tenant stay with the tenant and in its region. Exports across tenants need two approvals; a mis-send "
            "is recalled within 15 minutes.",
        ),
    ),
    runbooks=(
        ShippedRunbook(
            "RB-EXPORT-RECALL",
            "Export Recall",
            (
                ("Start the clock", "Note the time of the mis-send. The recall must start within 15 minutes.", None),
                (
                    "Cut off access",
                    "Open the export in the list of exports and choose Recall. Shares close at once.",
                    None,
                ),
                ("Tell security", "Page the security duty with the export's number, tenant and ticket.", None),
                ("Check who opened it", "Read the access log of the destination and attach it to the ticket.", None),
                (
                    "Export again, correctly",
                    "Configure the export anew; the walkthrough shows every field.",
                    WALKTHROUGH_CODE,
                ),
            ),
        ),
    ),
    features=(
        ShippedFeature(
            action="data-export",
            title="Export of customer data",
            explanation=(
                "An export takes customer data out of the product, where our access rules no longer protect them. So it "
                "goes to allowlisted destinations only, never to personal e-mail or a personal drive. It names the tenant "
                "and the request ticket, and keeps to the default columns, which leave out secrets and credentials. Data of "
                "two tenants in one file need the approval of two people. Whatever leaves is written to the ledger with "
                "your name's identifier, so that anybody asked later can show who sent what, where and why. If something "
                "went to the wrong place, start Export Recall within 15 minutes: shares close at once, and the log shows "
                "whether anybody looked."
            ),
            example=(
                "Example: REQ-1042 asks for open orders of tenant T-204 for an audit. You choose the audit share from the "
                "allowlist, two columns, look at the masked preview, and submit."
            ),
            tip_bullets=(
                "Allowlisted destinations only; personal e-mail and cloud drives are blocked.",
                "Name tenant ID and request ticket; default columns leave out secrets.",
                "Across tenants two people approve. Mis-sent? Export Recall within 15 minutes.",
            ),
            policy_code="POL-DA-003",
            runbook_code="RB-EXPORT-RECALL",
            lesson_code=LESSON_CODE,
        ),
    ),
    lessons=(WALKTHROUGH, MICRO_LESSON, SIMULATION),
    scope_months={"data-export": 12, "pii": 12, "third-party-transfer": 12},
)
