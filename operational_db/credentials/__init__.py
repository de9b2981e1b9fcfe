"""The certification registry and the certificates people hold: issue, renew, verify, revoke, withdraw."""
