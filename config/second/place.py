"""Where the hub is open in a browser, as a passkey is bound to it; and why it cannot be used there."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.http.request import split_domain_port

from config.addresses import told


@dataclass(frozen=True)
class Place:
    """`host` is the relying party's id, `origin` what the browser itself says it is at: scheme, host and port."""

    host: str
    origin: str


def place_of(request: HttpRequest) -> Place:
    """Where this request came to. The host is one of ALLOWED_HOSTS; behind a proxy the scheme is what TRUST_PROXY_PROTO tells."""
    host = request.get_host().lower()
    return Place(split_domain_port(host)[0], f"{request.scheme}://{host}")


def why_not(request: HttpRequest) -> str:
    """Why no browser would make or use a passkey here, with the cure; empty where it would."""
    host = place_of(request).host
    if told(host) is not None:
        return (
            f"A passkey is bound to a name, and this page was opened at the address {host}. "
            "Open the hub by its name; on the machine it runs on that is localhost."
        )
    if request.is_secure() or host == "localhost" or host.endswith(".localhost"):
        return ""
    return (
        "Browsers use passkeys over https alone, and this page came over http. Open the hub over https; "
        "where you did, whoever runs it has to set TRUST_PROXY_PROTO=true, so that it knows."
    )
