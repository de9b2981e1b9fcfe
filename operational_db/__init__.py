"""The operational core: tables, ledger, and the services that change them.

Imports no other folder of the project and no web, dashboard or pipeline framework.
"""
