"""OAuth 2 for machines: the client-credentials grant of RFC 6749, spoken by oauthlib, decided by `Clients`.

Clients say who they are by HTTP Basic or in the form, never both. Answers repeat nothing that was sent.
"""

import base64
import binascii
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from oauthlib.oauth2 import BackendApplicationServer, OAuth2Error, RequestValidator

from pipelines.access.clients import TOKEN_FOR, Clients, new_token
from pipelines.access.roles import Action

# At its finest level the library writes tokens into the log.
logging.getLogger("oauthlib").setLevel(logging.WARNING)
_TOLD = ("error", "error_description")


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the token endpoint answers; RFC 6749, sections 5.1 and 5.2."""

    status: int
    document: Mapping[str, Any]
    headers: Mapping[str, str]


def token_answer(clients: Clients, body: str, authorization: str | None) -> TokenAnswer:
    """Answer a request for a token; the caller commits, whether it was given or refused."""
    server = BackendApplicationServer(
        _Validator(clients), token_generator=lambda _: new_token(), token_expires_in=int(TOKEN_FOR.total_seconds())
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if authorization is not None:
        headers["Authorization"] = authorization
    try:
        # The address only says that it came over TLS or within this machine, which the door has looked at.
        _, written, status = server.create_token_response("https://localhost/", "POST", body, headers)
    except OAuth2Error as error:
        written, status = error.json, error.status_code
    document: dict[str, Any] = json.loads(written)
    if status == 200:
        return TokenAnswer(200, document, {"Pragma": "no-cache"})
    refused = {name: document[name] for name in _TOLD if name in document}  # not `state`: it was sent
    challenge = {"WWW-Authenticate": 'Basic realm="yougang", charset="UTF-8"'} if status == 401 else {}
    return TokenAnswer(status, refused, challenge)


class _Validator(RequestValidator):
    """What the library asks of us."""

    def __init__(self, clients: Clients) -> None:
        super().__init__()
        self.clients = clients

    def client_authentication_required(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        return True

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        said = _credentials(request)
        client = None if said is None else self.clients.check(*said)
        if client is None:
            return False
        # The library wants an object with `client_id`.
        request.client, request.client_id = client, client.client_id
        return True

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        return grant_type == "client_credentials"

    def get_default_scopes(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        return sorted(action.value for action in request.client.scopes)

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        return bool(scopes) and set(scopes) <= {action.value for action in client.scopes}

    def save_bearer_token(self, token: Mapping[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        self.clients.issue(request.client, frozenset(map(Action, request.scopes)), token["access_token"])


def _credentials(request: Any) -> tuple[str, str] | None:
    """Return the id and secret that a client sent, by one of the two ways; None where by both, or by neither."""
    authorization = request.headers.get("Authorization")
    in_form = request.client_secret is not None
    if authorization is None:
        return (request.client_id, request.client_secret) if in_form and request.client_id else None
    scheme, _, encoded = authorization.partition(" ")
    if in_form or scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return unquote_plus(client_id), unquote_plus(secret)
