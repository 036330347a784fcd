"""Credentials may not be written."""

from __future__ import annotations

import pytest
from jupyter_pixi.errors import Refused
from jupyter_pixi.operations.policy import refuse_credentials


@pytest.mark.parametrize(
    "url",
    [
        "https://me:secret@host.example/x",
        "https://token@host.example/x",
        "git+https://token@host.example/x.git",
        "https://host.example/t/abcdefgh-12/conda",
        "ssh://git:secret@host.example/x.git",
    ],
)
def test_new_credentials_are_refused(url):
    with pytest.raises(Refused, match=r"host\.example holds credentials") as caught:
        refuse_credentials(b"", f'x = "{url}"'.encode())
    assert "secret" not in caught.value.text() and "token" not in caught.value.text()


@pytest.mark.parametrize(
    "text",
    [
        "https://host.example/x",
        "ssh://git@host.example/x.git",
        "git+ssh://git@host.example/x.git",
        "https://${USER}:${TOKEN}@host.example/x",
        "https://host.example/t/short",
        'a = ">=1@2"',
    ],
)
def test_what_is_no_credential_passes(text):
    refuse_credentials(b"", text.encode())


def test_what_stands_there_already_is_not_our_doing():
    text = b'x = "https://me:secret@host.example/x"\n'
    refuse_credentials(text, text + b"y = 1\n")
