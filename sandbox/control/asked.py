"""What is asked of the control, or one sentence that says what is wrong with it.

A sentence names people by the world's handles and repeats no value.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sandbox.entra.errors import GraphError
from sandbox.entra.properties import check_values
from sandbox.entra.roles import role_template
from sandbox.world_model import EntraPerson, OktaPerson, Person, World

_SHAPES = {
    "mobilePhone": "a text of 1 to 64 printable characters, or null for none",
    "otherMails": "a list of at most 250 addresses, each of 1 to 250 printable characters "
    "without accents; an empty one for none",
    "accountEnabled": "true or false",
}


class Wrong(Exception):
    """400: it makes no sense; 404: nobody is called so; 409: not as things stand."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.sentence, self.status = sentence, status


class Asked:
    """A body with these fields and no other. Everything here raises Wrong."""

    def __init__(self, world: World, body: object, fields: Collection[str]) -> None:
        if not isinstance(body, Mapping):
            raise Wrong("Send a JSON object.")
        unknown = body.keys() - set(fields)
        if unknown:
            raise Wrong(f"The fields here are {', '.join(fields) or 'none'}.")
        self._world, self._body = world, dict(body)

    def person(self) -> Person:
        try:
            return self._world.person(self.word("person"))
        except KeyError:
            raise Wrong("There is nobody of that name in this world.", 404) from None

    def in_okta(self) -> tuple[str, OktaPerson]:
        person = self.person()
        if person.okta is None:
            raise Wrong(f"{person.name} is not in Okta.", 409)
        return person.name, person.okta

    def in_entra(self) -> tuple[str, EntraPerson]:
        person = self.person()
        if person.entra is None:
            raise Wrong(f"{person.name} is not in Entra.", 409)
        return person.name, person.entra

    def app(self) -> str:
        return self.one_of("app", [app.id for app in self._world.apps])

    def role(self) -> str:
        """Its template id."""
        try:
            return role_template(self.word("role"))
        except KeyError:
            raise Wrong("role has to be a directory role that this world knows.") from None

    def one_of(self, name: str, known: Collection[str]) -> str:
        if self.word(name) not in known:
            raise Wrong(f"{name} has to be one of {', '.join(known)}.")
        return self.word(name)

    def word(self, name: str) -> str:
        value = self._body.get(name)
        if not isinstance(value, str) or not value:
            raise Wrong(f"{name} is missing, or no text.")
        return value

    def flag(self, name: str) -> bool:
        value = self._body.get(name)
        if not isinstance(value, bool):
            raise Wrong(f"{name} has to be true or false.")
        return value

    def values(self, *names: str) -> dict[str, object]:
        """Those given of the watched attributes, as both directories could hold them."""
        given = {name: self._body[name] for name in names if name in self._body}
        if not given:
            raise Wrong(f"Give a value for {' or '.join(names)}.")
        for name, value in given.items():
            if not _printable(value):
                raise Wrong(f"{name} has to be {_SHAPES[name]}.")
            try:
                check_values({name: value})
            except GraphError:
                raise Wrong(f"{name} has to be {_SHAPES[name]}.") from None
        return given


def _printable(value: object) -> bool:
    if isinstance(value, list):
        return all(_printable(each) for each in value)
    return not isinstance(value, str) or value.isprintable()
