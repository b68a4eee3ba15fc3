"""Certificates for TLS on loopback, and keys by which a SuperLink knows its SuperNodes."""

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from models.files import write_bytes

_DAYS = 30
_PEM = serialization.Encoding.PEM
_OWNER_ALONE = 0o600


def write_certificates(folder: Path) -> tuple[Path, Path, Path]:
    """A server's certificate, its key, and the authority's certificate, as PEM files in `folder`."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name, name = _name("wrapmac authority"), _name("localhost")
    authority = (
        _builder(authority_name, authority_name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        _builder(name, authority_name, key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    secret = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    paths = folder / "server.pem", folder / "server.key", folder / "authority.pem"
    for path, content in zip(
        paths, (certificate.public_bytes(_PEM), secret, authority.public_bytes(_PEM)), strict=True
    ):
        write_bytes(path, content)
    paths[1].chmod(_OWNER_ALONE)
    return paths


def write_node_keys(folder: Path, name: str) -> tuple[Path, Path]:
    """A SuperNode's private and public key, as OpenSSH files in `folder`."""
    key = ec.generate_private_key(ec.SECP384R1())
    secret = key.private_bytes(_PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    paths = folder / f"{name}.key", folder / f"{name}.pub"
    for path, content in zip(paths, (secret, public), strict=True):
        write_bytes(path, content)
    paths[0].chmod(_OWNER_ALONE)
    return paths


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=_DAYS))
    )
