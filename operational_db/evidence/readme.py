"""The README.txt of a bundle: what each file is and how to check it, for an auditor who does not know the product."""

README_TEXT = """\
EVIDENCE BUNDLE
===============

Records of training, certification and access decisions, each with the proof that it stands in an append-only ledger.

HOW TO CHECK IT

    python verify_bundle.py [FOLDER] [--vkey VKEY]

Needs Python 3.11 or newer and the package "cryptography", no network. FOLDER is this folder unless given. Every check
is printed and every file that was changed is named. Exit code 0: intact; 1: not intact; 2: wrong usage.

Two things in this folder you should not take from this folder alone. Compare verify_bundle.py with a copy from a
source you trust, or read it: it is one file. And give --vkey with the ledger's key as you got it by another way
(the installation shows it under /api/v1/ledger/keys); without it the key in keys.txt is used, and somebody who can
make a whole new bundle can also put a key of his own into it.

WHAT THE CHECKS SHOW

- Every entry was in the ledger, unchanged, when the checkpoint was signed; a witness's cosignature on the checkpoint
  shows in addition that the ledger had not been rewritten since the witness first saw it.
- Every record says what its entry says.
- The bundle is as it left the installation.
They do not show that no entry was left out. For that, ask for the ledger's entry bundles (C2SP tlog-tiles) and compare.

FILES

records.csv       A line per record, UTF-8, with a header. Nothing means null. A text that a spreadsheet would take for
                  a formula begins with an apostrophe.
records.json      The same as a JSON array; a record to a line, the brackets on lines of their own.
entries.txt       The ledger's entries, a line each: index, one space, the entry's canonical bytes (JSON of RFC 8785).
                  Entries hold ids and no names. Indexes count from 0 and ascend.
inclusion.bin     One proof for all entries: hashes of 32 bytes, one after the other. Walk the Merkle tree (RFC 6962)
                  of the checkpoint's size from its root, left before right, dividing n leaves at the largest power
                  of two below n. A subtree without an entry of entries.txt is the next hash of this file; a leaf with
                  one is SHA-256(0x00, entry); any other node is SHA-256(0x01, left, right). The result is the
                  checkpoint's root, and no hash is left over.
proofs/           For bundles of up to {single_proofs_up_to} records: a proof for each entry alone, in the form
                  c2sp.org/tlog-proof@v1. For larger ones `python verify_bundle.py --proof INDEX` prints the one you
                  want.
checkpoint.txt    Size and root of the ledger as a signed note (C2SP tlog-checkpoint), with witnesses' cosignatures.
keys.txt          The public keys, a line each: the ledger's first, then those of its witnesses (C2SP signed-note).
manifest.json     What was asked for, by whom (id) and when, and SHA-256 and size of every file but itself and its
                  signature.
manifest.sig      A signed note whose text is "{manifest_note}" and the SHA-256 of manifest.json, signed with
                  the ledger's key. The ledger records the same SHA-256 in the entry "evidence.exported".
verify_bundle.py  The check.

COLUMNS

Taken from the entry, and compared with it by the check: {ledger_fields}.
Added in words, covered by the manifest's signature only: {context_fields}.

user_id stands for one person. Names are given only of people whom the person who asked may see, and of nobody whose
data were erased. module_id is the lesson, assessment, module, course or certification (module_type says which) the
record is about; score is percent; attempt_number counts from 1; issued_on and expires_on are days, both included;
revoked_from is the first day something no longer counts. Instants are UTC.
"""
