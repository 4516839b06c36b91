"""Effect of subsidies and measures: whom is compared with whom, and what is told of it."""
