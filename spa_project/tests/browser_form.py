"""A page's form as a browser would send it back."""

from html.parser import HTMLParser
from typing import Any


class _Fields(HTMLParser):
    """The controls of the form with a given id."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.data: dict[str, Any] = {}
        self.texts: list[str] = []
        self._form_id = form_id
        self._is_inside = False
        self._select = ""
        self._textarea = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        if tag == "form":
            self._is_inside = given.get("id") == self._form_id
        name = given.get("name") or ""
        if not self._is_inside:
            return
        if tag == "input" and name and given.get("type") != "submit":
            is_box = given.get("type") in ("checkbox", "radio")
            if not is_box or "checked" in given:
                self._add(name, given.get("value") or ("on" if is_box else ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given:
            self.data[self._select] = given.get("value") or ""
        elif tag == "textarea":
            self._textarea = name
            self.texts.append(name)
            self.data[name] = ""

    def _add(self, name: str, text: str) -> None:
        """Keep every value of a group of check boxes."""
        before = self.data.get(name)
        self.data[name] = text if before is None else [*_as_list(before), text]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False
        elif tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.data[self._textarea] += data


def _as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


class Page:
    """A page of the admin that is open in somebody's browser."""

    def __init__(self, client: Any, address: str, form_id: str) -> None:
        self.client, self.address, self.form_id = client, address, form_id
        self._read(client.get(address))

    def _read(self, response: Any) -> None:
        assert response.status_code == 200
        self.html = response.content.decode()
        fields = _Fields(self.form_id)
        fields.feed(self.html)
        self.data = {name: text for name, text in fields.data.items() if "__prefix__" not in name}
        for name in set(fields.texts).intersection(self.data):
            self.data[name] = self.data[name].removeprefix("\r\n").removeprefix("\n")

    def save(self, **changes: str | list[str] | None) -> bool:
        """Send the form with these changes (None: an empty check box); return whether it saved."""
        data = {name: text for name, text in (self.data | changes).items() if text is not None}
        response = self.client.post(self.address, data | {"_save": "Save"})
        if response.status_code == 302:
            self.told = self.client.get(response["Location"]).content.decode()
            return True
        self._read(response)
        return False
