"""The pages of the console, one module a part: thin routes that call what the API's routes call, and show it."""

from api.pages import facts, home, income, lists, offline, people, services, sheets, sign_in, statics

PAGES = tuple(part.router for part in (statics, sign_in, home, people, facts, lists, services, income, sheets, offline))
