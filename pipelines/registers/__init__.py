"""What the doors do with single rows: read, add and change them as a subject, each with its audit row."""
