"""Files for the platforms of the federation: certification of employers, the real-name system, training."""
