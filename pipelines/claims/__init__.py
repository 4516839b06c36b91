"""Benefit claims: who claims what for which months, decided by another person, never twice for the same."""
