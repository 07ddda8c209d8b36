"""Looks for secrets in whatever the product lets out."""

import base64
import urllib.parse


def disguises(secret: str) -> set[bytes]:
    """A secret as it is, and in the forms in which it could slip through a search for it."""
    raw = secret.encode()
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), urllib.parse.quote(secret, safe="").encode()}
    for padding in range(3):
        # In base64 the same bytes look different at each of three offsets; the first and last groups depend on
        # the neighbours, so they are left out.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * padding + raw)
            found.add(text[4 if padding else 0 : len(text) // 4 * 4 - 4])
    return {form for form in found if len(form) >= 8}


def assert_no_secret(output: bytes, secrets, where: str):
    for secret in secrets:
        for form in disguises(secret):
            at = output.find(form)
            # The message must not become a leak of its own: it says where, and never what.
            assert at < 0, f"{where} shows a secret of {len(secret)} characters at byte {at} of {len(output)}"
