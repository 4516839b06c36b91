"""The routers of the registers beside people, in the order of the interface."""

from api.routes import (
    audit,
    benefits,
    courses,
    enrolments,
    imports,
    interactions,
    models,
    placements,
    quota,
    rules,
    services,
    shortlists,
)

ROUTERS = tuple(
    part.router
    for part in (
        interactions,
        placements,
        services,
        courses,
        enrolments,
        shortlists,
        rules,
        quota,
        benefits,
        models,
        imports,
        audit,
    )
)
