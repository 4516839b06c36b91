"""Who may do what: organisations, accounts, sessions, the scope of a subject, the vault of secrets, and the audit."""
