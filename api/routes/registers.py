"""The routers of the registers, in the order of the interface."""

from api.routes import (
    audit,
    benefits,
    courses,
    imports,
    interactions,
    models,
    people,
    placements,
    quota,
    rules,
    services,
    shortlists,
)

ROUTERS = tuple(
    part.router
    for part in (
        people,
        interactions,
        placements,
        services,
        courses,
        shortlists,
        rules,
        quota,
        benefits,
        models,
        imports,
        audit,
    )
)
