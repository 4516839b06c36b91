"""The quarterly cycle: from stored cases to a challenger, held against the champion by gates; a person decides."""
