"""The least that such a service can be, to measure ours against: one route over FastAPI that returns a constant."""

from fastapi import FastAPI

app = FastAPI()
_CONSTANT: dict[str, object] = {
    "candidate_id": "c-1",
    "region": "620102",
    "job_wish": "yes",
    "skills": ["电子商务", "客服"],
}


@app.get("/constant")
def constant() -> dict[str, object]:
    """Return the constant; a plain function, as our routes are."""
    return _CONSTANT
