"""A certificate authority made with the openssl command, and leaves for the names that the tests use."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import limits

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

# `openssl ca` is the one command of OpenSSL 3.0 that lets a certificate end in the past.
CA_CONFIGURATION = """\
[ca]
default_ca = it
[it]
database = {directory}/index.txt
serial = {directory}/serial
new_certs_dir = {directory}
default_md = sha256
policy = any
[any]
commonName = supplied
"""


def openssl(*arguments):
    done = subprocess.run(
        ["openssl", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=limits.ANSWER,
    )
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")


@dataclass(frozen=True)
class Leaf:
    certificate: Path
    key: Path


class Authority:
    def __init__(self, directory: Path, name: str = "test authority", extensions=()):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.certificate = directory / "ca.pem"
        self.key = directory / "ca-key.pem"
        self.configuration = directory / "ca.conf"
        self.configuration.write_text(CA_CONFIGURATION.format(directory=directory))
        (directory / "index.txt").write_text("")
        (directory / "serial").write_text("1000\n")
        openssl(
            "req", "-x509", *KEY, "-keyout", self.key, "-out", self.certificate, "-days", 30, "-subj", f"/CN={name}",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            *[word for extension in extensions for word in ("-addext", extension)],
        )  # fmt: skip

    def leaf(self, label: str, names: list[str], expired: bool = False, begin: str = "20200101000000Z", usage: str = "serverAuth", end: str | None = None) -> Leaf:
        """A certificate, for servers unless it says otherwise; a name made of digits and dots alone becomes an IP
        address. Without names it has its label as its common name, and nothing else."""
        certificate, key = self.directory / f"{label}.pem", self.directory / f"{label}-key.pem"
        request, extensions = self.directory / f"{label}.csr", self.directory / f"{label}.ext"
        alternatives = ",".join(("IP:" if name.replace(".", "").isdigit() else "DNS:") + name for name in names)
        extensions.write_text(
            f"basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage={usage}\n"
            + (f"subjectAltName={alternatives}\n" if names else "")
        )
        openssl("req", *KEY, "-keyout", key, "-out", request, "-subj", f"/CN={label}")
        end = end or ("20200201000000Z" if expired else "20400101000000Z")
        openssl(
            "ca", "-batch", "-notext", "-config", self.configuration, "-cert", self.certificate, "-keyfile", self.key,
            "-in", request, "-out", certificate, "-extfile", extensions, "-startdate", begin, "-enddate", end,
        )  # fmt: skip
        return Leaf(certificate, key)
