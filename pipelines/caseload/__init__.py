"""The work with people between the services: notes, tasks, who has whom, and records that are of the same person."""
