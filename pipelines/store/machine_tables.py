"""Tables of machines at the door: clients, secrets and tokens, keys for imports, answers kept for repeats."""
