"""What the service counts of itself, for the machine that it runs on or a scraper with the token of the keys."""

import hmac

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from api.access import LOOPBACK_CLIENTS, OPEN, access_of, caller, declare
from api.metrics import CONTENT_TYPE, Metrics
from pipelines.access.keyed import metrics_tokens

router = APIRouter(tags=["health"])


@router.get("/metrics", include_in_schema=False)
@declare(OPEN)
def metrics(request: Request) -> Response:
    """Return the counts in Prometheus' text format; to others there is no such address."""
    if not _may_scrape(request):
        raise HTTPException(404)
    counted: Metrics = request.app.state.metrics
    return Response(counted.text(), headers={"Content-Type": CONTENT_TYPE})


def _may_scrape(request: Request) -> bool:
    given = request.headers.get("authorization")
    if given is None:
        # A request that a proxy passed on comes from the proxy, on this machine, but is not of this machine.
        is_passed_on = "x-forwarded-for" in request.headers or "forwarded" in request.headers
        return caller(request) in LOOPBACK_CLIENTS and not is_passed_on
    tokens = metrics_tokens(access_of(request).vault)
    return any(hmac.compare_digest(given.encode(), f"Bearer {token}".encode()) for token in tokens)
