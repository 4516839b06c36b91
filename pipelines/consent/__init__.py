"""Consent, disclosure, a person's own rights, and how long records are kept."""
