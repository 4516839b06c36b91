"""The plan's indicators of a year by prefecture: counted, suppressed where they leave, written to files."""
