"""Tables of benefit claims and of rule books that two people released."""
