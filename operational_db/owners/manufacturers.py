"""Who made a unit, from what a register has in the maker's place: a curated table of spellings, and normal forms.

Pure. Two spellings are the same maker only when the table says so or when they differ in form alone (case, punctuation,
words like "Elevator Co"); nothing is guessed by likeness. Source: US-TC027, and what the city register of elevating
devices of 2015 holds. Reading and writing the manufacturers kept is in `manufacturer_service`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

# Makers and the spellings they are known by, in the form `to_core` gives; each spelling but the first was looked up by
# hand and is a misspelling, an abbreviation or another name of the same firm.
MAKERS: Mapping[str, tuple[str, ...]] = {
    "A. B. See": (
        "A B SEE", "AB SEE", "ABSEE", "A B SEE ELEC", "AB SEE ELEVCO", "A B SEC", "A B SEER", "A B SEF", "AB SEG",
        "AB SEK", "AB SER", "ABSEC", "A B SEE ALT MAIN", "A B SEE CLEV", "AB SEE ALT BY WESTIN", "AB SEE ALTERED BY HI",
        "AB SEE ALTR UNITED",
    ),
    "Ace": ("ACE", "A C E"),
    "Admiral": ("ADMIRAL", "ADMIPAL"),
    "Advance": ("ADVANCE", "ADVANC"),
    "Armor": (
        "ARMOR", "ARMOUR", "ARMOR ELEC", "ARMOR ELEC A", "ARMOUR ELEC", "ARMOR NC", "ARMORR", "ARMOT", "ARMOUT",
        "ARMSUR", "AROMOR", "ARMOAR", "ARMOOR", "AMROR",
    ),
    "Atlantic": ("ATLANTIC", "ATLANTIC ELEC"),
    "Bergen-Passaic": ("BERGEN PASSAIC", "BERGEN PASSIC", "BERGN PASSAIC"),
    "Bucher": ("BUCHER", "BUCHER EECO"),
    "Burlington": ("BURLINGTON", "BURLINGTON ELE", "BURLINGTON ELEC", "BURLINGOTN", "BARLINGTON", "BRULINGTON"),
    "Burwak": ("BURWAK", "BURWAK ELEC", "BURWACK", "BURWAKE", "BURWALK", "BURWALL", "BURWICK", "BURWOH"),
    "Canton": ("CANTON", "CATON"),
    "Centennial": ("CENTENNIAL", "CENTENNAL", "CENTNNIAL", "CETENNIAL"),
    "Central International": (
        "CENTRAL INTERNATIONAL", "CENTRAL INTERNATIONA", "CENTRAL INTERNATL EL", "CENTRAL INTERNL",
        "CENTRAL INTERNTL ELE",
    ),
    "Century": ("CENTURY", "CENTRY", "CENTURY ELVATOR"),
    "Courion": ("COURION", "COURION IND"),
    "Crescent": ("CRESCENT", "CRESENT"),
    "Curtis": (
        "CURTIS", "CURTISS", "CURITS", "CRUTISS", "CURTYIS", "CUSTIS", "CORTIS", "CURTIS LFID", "CURTIS COST COR",
    ),
    "Dover": ("DOVER", "DOVER ELEC", "DOVER COMP", "DOVER COMPA", "DOVER OIL", "DOVE", "DOVEER"),
    "Dowdall": ("DOWDALL", "DOWDELL", "C E DOWDALL", "CE DOWDALL", "CHARLES F DOWDALL"),
    "Eastern": ("EASTERN", "EASTERN ELEC", "EASTERNS"),
    "Economy": ("ECONOMY", "ECONOMY ENG", "ECOMONY", "ECOMOY", "IECONY"),
    "Eltech": ("ELTECH", "ELTECH IND", "ELTECH INDUSTRIES", "ELTCH"),
    "Embassy": ("EMBASSY", "EMBASSSY", "EMBSASSY"),
    "Empire": ("EMPIRE", "EMPRIE"),
    "Flynn-Hill": ("FLYNN HILL", "F HILL", "FYNN HILL"),
    "Fujitec": ("FUJITEC", "FUJITEC NY", "FUJUTEC"),
    "Gotham": ("GOTHAM", "GOTHOM"),
    "Guardsman": ("GUARDSMAN", "GUARDMAN"),
    "Gurney": ("GURNEY", "GURNEY ELEC", "GUERNEY", "GURENEY", "GURDNEY", "GURVEY", "GORNEY", "GEARNEY", "GURNEY IN"),
    "Hardwick": (
        "HARDWICK", "HARDWICH", "HARDWICH ELC", "HARDWICH ELEC", "HARDWICK EL", "HARWICK", "HANDWICK", "HANDWICK ELEC",
        "HANDWICH", "HARDWILL", "HACKWICH",
    ),
    "Haughton": ("HAUGHTON", "HOUGHTON", "HAUGHTOW", "HAUGTON"),
    "Heights": ("HEIGHTS", "HEIGHT", "HEIGTH", "HEIGTS", "HEIGHTS ELEC TO", "HEIGHTS ELLEV", "HEIGHTS ELVE"),
    "Hollister-Whitney": ("HOLLISTER WHITNEY", "HOLLISTER WHIT", "H WHITNEY"),
    "Hudson": ("HUDSON", "HUDSON ELEVATO"),
    "Imperial": ("IMPERIAL", "IMPERIAL C"),
    "Kiesling": (
        "KIESLING", "KIESLING EL", "KIESLING & SON", "KIESLING & SONS", "J W KIESLING", "J W KIESLING & SON",
        "JOHN W KIESLING & SO", "JOHN W KIESHING & SO", "KEISLING", "KEISLING & SON", "KIELING", "KIELSING",
        "KIELSINNG", "KLISLING", "KRESLING", "KUSLING",
    ),
    "Knudson": ("KNUDSON", "KUDSON"),
    "Kone": ("KONE",),
    "Koppel": (
        "KOPPEL", "KOPPELL", "KOPPEL ELV", "KOPPEL ENG", "KOPPELL ENG", "KOPPELL INNC", "KOPELL", "KOPPLE", "KOEPPELL",
        "KOEBBELL", "ROPPELL",
    ),
    "Leistritz": ("LEISTRITZ", "LIESTRITZ", "LESTRIZT"),
    "LG Otis": ("LG OTIS",),
    "McGlynn Hays": ("MCGLYNN HAYS", "MCGLYN HAYS", "MCGLYNN & HAYES"),
    "Millar": ("MILLAR", "MILLIAR", "MILLAR ELEVATO", "MILLAR ELVATOR"),
    "Montgomery": ("MONTGOMERY",),
    "Morse, Williams": ("MORSE WILLIAMS", "MORSE WILLIAMS &", "MORSE W"),
    "New York Elevator": ("NEW YORK", "NEWYORK", "NEW YORK EWLEVATOR"),
    "Nouveau": ("NOUVEAU", "NOUEAU", "NOVEAU"),
    "Otis": (
        "OTIS", "OTIS ELEC", "OTIS ELECT", "OTIS ELGV", "OTIS ELVE", "OTIS COMP", "OTIS BROTHERS", "OTIS OC",
        "OTIS HYDRO", "OITS", "OTIUS", "OTES", "ITOS", "0TIS", "OTIS ALT CURTIS", "OTIS ALT WATSON",
        "OTIS ALTERED MILLAR", "OTIS ALTRD BY ELV EN",
    ),
    "Pace": ("PACE", "PACE ELEVAOTR"),
    "Peerless": ("PEERLESS", "PEARLESS", "PURLESS"),
    "PS Marcato": ("PS MARCATO", "PS MARCATOR", "PS MARCTO", "MARCATO"),
    "Reedy": ("REEDY", "REDDEY", "REEDY SL", "REEDY ALT BY SEABERG", "REIDY"),
    "Republic": ("REPUBLIC", "REPULIC", "REPUBIC"),
    "Schindler": (
        "SCHINDLER", "SCHINNDLER", "SCHNDLER", "SCINDLER", "SHINDLER", "SCHINDLER HAUGHTON", "HYDRAULIC SCHINDLER",
    ),
    "Seaberg": (
        "SEABERG", "SEABURG", "SEEBERG", "SEEBURG", "SEEBURB", "SEA BERG", "SEABERG ELEC", "SEABERG ECEV",
        "SEABERG ELEVE", "SEABERG COR", "SEABERGL", "SEABERGS", "SEABERT", "SEABER", "SEAABURG", "SEABGERG", "SEABORG",
        "SEALERG", "R SEABERG",
    ),
    "Sedgwick": ("SEDGWICK", "SEDGEWICK"),
    "Serge": ("SERGE", "SERGI", "SERG", "SEGI", "SERCE", "SERGE ELEVCO", "SEERGE EL"),
    "Shepard": ("SHEPARD", "SHEPPARD", "SHEPPARD ELEC"),
    "Somerville": (
        "SOMERVILLE", "SOMERVILL", "SOMERVILLE ELEC", "SOMMERVILLE", "SOMMERVILL", "SOMMERVILLE ELEC", "SUMMERVILLE",
    ),
    "Staley": (
        "STALEY", "STALEY ELEC", "STALEYS", "STALEY MAINT", "STALEY ALT BY HERLE", "STALEY ALT CENTRAL", "STLAEY",
        "SATLEY", "STALY", "STALY ELEC", "STALY ELEVTOR", "STALWY", "STALLY", "STLEY", "STOLEY", "SLALEY", "STAIEY",
    ),
    "ThyssenKrupp": ("THYSSENKRUPP", "THYSSEN KRUPP", "THYSSEN", "THYSSEMKRUPP"),
    "Titan": ("TITAN", "TITAN MACHINE"),
    "Transel": ("TRANSEL", "TRANSEL CPO"),
    "Tri-Boro": ("TRI BORO", "TRI BORO ELEC", "TRIBOR"),
    "Tri-State": ("TRI STATE", "TRISTATE", "TRI STATAE"),
    "Turnbull": ("TURNBULL", "TURNBULL ELEC", "TURNBULL ELEVB", "TURNBALL", "TRUNBULL", "TURBULL"),
    "Universal": ("UNIVERSAL", "UNVERSAL"),
    "Veemac": ("VEEMAC", "VAEEMAC"),
    "Vertitech": ("VERTITECH", "VERTECH", "VERITICH"),
    "Warner": ("WARNER", "WARNER CONVERTED BY"),
    "Watson": (
        "WATSON", "WATSON ELEC", "WATSON ELVE", "WATSON LEEV", "WATSON ALT ROYAL", "WASON ELEC", "WATGSON", "WSATSON",
    ),
    "Westinghouse": (
        "WESTINGHOUSE", "WESTINGHOUSE ELEC", "WESTINGHOUSEELEV", "WESTINGHOUSEELEVCO", "WESTINGHOUSSE", "WESTINGHOUST",
        "WESTINGTONHOUSE", "WESTINHOUSE", "WESTINNGHOUSE", "WESTING HOUSE", "WESTING HOUSE C", "WESTGHSE",
        "WASTING HOUSE", "WSTINGHOUSE",
    ),
}  # fmt: skip

# What stands in the maker's place and is none, by what it says instead.
NOT_MAKERS: Mapping[str, tuple[str, ...]] = {
    "Owner: housing authority": (
        "HOUSING AUTHORITY", "NYCHA SOLD BUILDING", "HOUSING PRESERVATION", "HPD", "AUTHORITY",
    ),
    "Owner: private residence": (
        "PRIVATE RESIDENCE", "PRIVATE RESIDENTIAL", "PT RESIDENT", "PVT HOUSE", "PVT RESIDENNCE", "RESIDENTIAL",
        "ONE FAMILY", "SINGLE FAMILY", "SINGLE FAMILY HOME", "MULTIPLE DWELLING", "CONDOMINIUM",
    ),
    "Owner: public body": (
        "PARKS & RECREATION", "TRANSIT AUTHORITY", "NYNJ PORT AUTHORITY", "PORT AUTHORITY", "MTA", "MTA LIRR",
        "MTA PARKING LOT", "MTA ACCESS DEVEICE", "UDC", "URBAN DEVELPMNT", "URBAN DEV NYS", "POST OFFICE",
        "US POST OFFICE", "USPOST OFFICE", "U S POSTAL SERVICE", "DEP", "STATE", "STATE AGENCY", "STATE DORMITORY",
        "STATE JURISDICTION", "SUNY DORMITORY", "YORK CUNY", "HEALTH & HOSPITAL", "HEALTH & HOSPITALS", "FEDERAL",
        "BATTERY CITY AUTHORI", "GRAND CENTRAL STATIO", "GRAND CENTRAL", "LINCOLN CENTER", "SMITHSONIAN MUSEUM",
        "NYS DIV FOR YOUTH", "NEW YORK STATE", "NEW YORK STATE AUTH", "NEWYORK STATE", "EDUCATIONAL STRUCTUR",
        "GENERAL SERV", "TRANSPORTATION", "GRACIE MANSION", "DEPARTOF STATE",
    ),
    "Owner: diplomatic mission": (
        "ARGENTINIAN CONSULAT", "YUGOSLAVIAN CONSULAT", "VENENZUELAN CONSULAT", "CUBAN MISSION", "RUSSIAN MISSION",
        "RUSSIAN EMBASSY", "COLUMBIAN EMBASSY", "BRAZILIAN MISSION", "MISSION OF ALGERIA", "MISSION OF GERMANY",
        "MISSION OF JAPAN", "MISSION OF TONGA", "REPUBLIC OF TUNISIA", "HAITIAN COUNCIL", "UNITED NATIONS",
        "UNNITED NATIONS",
    ),
    "Use of the building": (
        "CHURCH", "SCHOOL", "SCHOOL CHURCH", "HOTEL", "HOSPITAL", "STORE", "FACTORY", "WAREHOUSE", "RESTAURANT",
        "GAS STATION", "OFFICE SPACE", "LOFT", "RECTORY CONVENT", "ASYLUM", "RED LOBSTER", "WATCHTOWER BIBLE",
        "JEWISH FAMILY SERVIC", "GOLFHOUSE PARK0",
    ),
    "Kind of unit": (
        "MRL", "MRL PASSENGER", "MRL ELEVATOROR", "MACHINE ROOMLESS", "LU LA", "LULA", "LU A", "DUMBWAITER",
        "AUT DUBWAITER", "AUTO DUMBWAITER", "AUTO DW", "LIBRARY DUMBWAITER", "ESCALATOR", "EACALATOR", "FREIGHT",
        "PASSENGER", "MANLIFT", "MATERIAL", "HYD", "HYDRO", "HYDRAULIC", "HYDRAULIC & MAC", "IN GROUND HYDRAULIC",
        "NON ROPED HYDRAULIC", "ROPED", "ROPED HYDRAULIC", "IT NOT HYDR", "HAND POWER", "INCLINED CHAIR",
        "CONVEYOR FOR FREIGHT", "FLOOR CASKET", "ROTARY",
    ),
    "Note of the filing": (
        "DOB SURVEY", "MODERNIZATION", "MODERIZATION", "MODERNISTIC", "COMPLETE MODERNIZATI", "COMPLETE REHAB", "REHAB",
        "REHABED", "REFURBISHING", "SELF CERTIFICATION", "SELF CERIFICATION", "REPLACED NO NEW", "JOB NEVER DONE",
        "NEVER INSTALLED", "NEVER ISSUED DEVICE", "NEVER REPLACED", "NOT REMOVED", "UNKNOWN", "EXISTING", "MAINT",
        "MAINTENANCE", "MANUAL TO AUTO", "CHANGED TO AUTOMATIC", "CHANGE STATUS BY AG", "STATUS CHANGE BY AG",
        "STATUS APP BY AG", "DUE TO DUPLICATION", "DUPLICATION", "DEVICE DUPLICATED", "SAME DEVICE NUMBER",
        "SAME DEVIDE NUMBER", "REPLACE DUPLICATE", "REPLACED DUPLICATE", "TEMP CONST STATUS", "AMEND REINSTATE",
        "AMENDFILED REINSTATE", "NEW MACHINE", "NEW TRACTION MACHINE", "NEW CAB WALL GATE", "NEW EXISTING SHAFT",
        "NEW ISS DUE TO DUP", "NIUD", "NIUD DOCKET BOOK", "NIUD SLIP IN", "DOCKET BOOK", "SLIP IN",
        "SLIP IN DOCKET BOOK", "NO FEE", "STAGE FEE", "PREMISE IS VACANT", "RETURN TO ACTIVE", "PILOT PROGRAM",
        "AS PER DEBELLIS", "AS PER DOB RECORDS", "DEPT RECORDS", "CONSULTANT", "WAS NEVER GIVEN A", "DR OPERATOR CONTR",
        "AAAAA", "DR OPERATOR CONTROLL", "OOOOOOOOOOOOOOOOOOOO", "WND SITE", "BASE ON SURVEY", "BLDG ALTERATIONS",
    ),
}  # fmt: skip
# Words that no maker of units carries in its name, with what a text holding one says instead.
NOT_MAKERS_BY_WORD: Mapping[str, str] = {
    "CONSULATE": "Owner: diplomatic mission",
    "OWNED": "Owner: public body",
    "OWNNED": "Owner: public body",
    "GOVERNMENT": "Owner: public body",
    "DEPT": "Owner: public body",
    "DEPARTMENT": "Owner: public body",
    "LIRR": "Owner: public body",
    "NYC": "Owner: public body",
    "PROPERTY": "Owner: public body",
    "BUILDING": "Use of the building",
    "BLDG": "Use of the building",
    "DWELLING": "Owner: private residence",
    "RESIDENCE": "Owner: private residence",
}

# Words that say what a firm does or its legal form.
_FORM_WORDS = frozenset({
    "ELEV", "ELEVATOR", "ELEVATORS", "CO", "COMPANY", "CORP", "CORPORATION", "INC", "INCORPORATED", "LTD", "LIMITED",
    "LLC", "LIFT", "LIFTS",
})  # fmt: skip
_JOINED = re.compile(r"['.`´’]")
_SEPARATING = re.compile(r"[^A-Z0-9& ]+")
_NAME_OF_CORE = {core: name for name, cores in MAKERS.items() for core in cores}
_GROUP_OF_CORE = {core: group for group, cores in NOT_MAKERS.items() for core in cores}


class MakerOrigin(StrEnum):
    """How a spelling came to its maker, as kept in `manufacturer_aliases.origin`."""

    TABLE = "table"
    SPELLING = "spelling"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class MakerName:
    """What a text in the maker's place names. `is_curated`: it is in the table, not only brought to normal form."""

    alias: str
    name: str
    is_maker: bool
    is_curated: bool


def to_alias(text: str) -> str:
    """The spelling in capitals, without punctuation, with single spaces."""
    return " ".join(_SEPARATING.sub(" ", _JOINED.sub("", text.upper())).split())


def to_core(alias: str) -> str:
    """The spelling without words of trade and legal form; empty when nothing else is there."""
    return " ".join(word for word in alias.split() if word not in _FORM_WORDS)


def read_maker(text: str | None) -> MakerName | None:
    """What the text names; None when it names nobody.

    Numbers, dates, badges and other references are no names: a text with a digit in it counts only when the table has
    it. So are texts without two letters, or with words like "Elevator Co" alone.
    """
    alias = to_alias(text or "")
    core = to_core(alias)
    if not core:
        return None
    if core in _NAME_OF_CORE:
        return MakerName(alias, _NAME_OF_CORE[core], is_maker=True, is_curated=True)
    group = _GROUP_OF_CORE.get(core) or next(
        (NOT_MAKERS_BY_WORD[word] for word in core.split() if word in NOT_MAKERS_BY_WORD), None
    )
    if group is not None:
        return MakerName(alias, group, is_maker=False, is_curated=True)
    if any(character.isdigit() for character in core) or sum(character.isalpha() for character in core) < 2:
        return None
    return MakerName(alias, _to_name(core), is_maker=True, is_curated=False)


def _to_name(core: str) -> str:
    """The normal form as a name: short words without vowels stay in capitals, being initials."""
    return " ".join(word if len(word) <= 3 and not set(word) & set("AEIOUY") else word.title() for word in core.split())
