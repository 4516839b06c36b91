"""Looking into placements: units drawn by chance and for their hints, and decisions with what was seen."""
