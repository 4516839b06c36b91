"""The pages of the console, one module a part: thin routes that call what the API's routes call, and show it."""

from api.pages import (
    approvals,
    audits,
    casework,
    casework_duplicates,
    casework_people,
    company,
    confirming,
    effects,
    employers,
    events,
    exchange,
    facts,
    handbook,
    home,
    income,
    inspections,
    learning,
    lists,
    messages,
    models,
    notices,
    offline,
    people,
    plan_work,
    plans,
    post_sheets,
    post_work,
    posts,
    quarters,
    quota,
    register,
    released,
    releases,
    services,
    sheets,
    sign_in,
    statics,
    supervision,
    unit_work,
    users,
)

_STAFF = (
    home,
    people,
    casework,
    casework_people,
    casework_duplicates,
    messages,
    plans,
    plan_work,
    learning,
    facts,
    lists,
    services,
    income,
    sheets,
    offline,
    events,
)
_COMPANY = (company, employers, quota, post_sheets, posts, post_work, released)  # `/posts/new` before `/posts/{id}`
_SUPERVISOR = (supervision, effects, unit_work, exchange, inspections, approvals, confirming, releases, audits, users)
_ANALYST = (quarters, models)  # addresses of their own before those of a version
PAGES = tuple(
    part.router for part in (statics, sign_in, register, handbook, notices, *_STAFF, *_COMPANY, *_SUPERVISOR, *_ANALYST)
)
