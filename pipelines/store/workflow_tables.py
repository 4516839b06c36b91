"""Tables of a vacancy on its way from draft to published, version by version."""
