"""Clients' keys, and the secrets that two clients make of them without a message."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECRET_BYTES = 32
"""Bytes of keys, seeds and secrets."""

_NONCE = bytes(12)  # each secret encrypts a single message


def new_key() -> bytes:
    """A new private key."""
    return X25519PrivateKey.generate().private_bytes_raw()


def public_key(key: bytes) -> bytes:
    """The public key of a private one."""
    return X25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()


def shared_secret(key: bytes, other: bytes, purpose: str) -> bytes:
    """What a private key and another client's public one make, the same the other way round; another by purpose.

    Raises ValueError if `other` is no usable public key.
    """
    agreed = X25519PrivateKey.from_private_bytes(key).exchange(X25519PublicKey.from_public_bytes(other))
    return HKDF(hashes.SHA256(), SECRET_BYTES, None, f"wrapmac {purpose}".encode()).derive(agreed)


def encrypted(text: bytes, secret: bytes) -> bytes:
    """Encrypts a text; a secret may do so once."""
    return AESGCM(secret).encrypt(_NONCE, text, None)


def decrypted(text: bytes, secret: bytes) -> bytes:
    """Decrypts a text. Raises ValueError if it was changed, or encrypted with another secret."""
    try:
        return AESGCM(secret).decrypt(_NONCE, text, None)
    except InvalidTag as error:
        raise ValueError("a share was changed, or is another client's") from error
