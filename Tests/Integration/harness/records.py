"""Records of TLS 1.3 (RFC 8446, section 5.2) that a client's own library would not make."""

import ctypes
import hashlib
import hmac
import struct

CRYPTO = ctypes.CDLL("libcrypto.so.3")
for name in ("EVP_CIPHER_CTX_new", "EVP_aes_128_gcm", "EVP_aes_256_gcm"):
    getattr(CRYPTO, name).restype = ctypes.c_void_p

HANDSHAKE = 22
GET_TAG = 0x10


class ClientRecords:
    """What a client of a connection with AES-GCM sends, made of its traffic secret; `number` is that of its next record."""

    def __init__(self, keylog: str, cipher: str, number: int):
        line = next(line for line in keylog.splitlines() if line.startswith("CLIENT_TRAFFIC_SECRET_0"))
        self.secret = bytes.fromhex(line.split()[2])
        self.is_long = "AES_256" in cipher
        self.key = self.expand(b"key", 32 if self.is_long else 16)
        self.vector = int.from_bytes(self.expand(b"iv", 12))
        self.number = number

    def expand(self, label: bytes, count: int) -> bytes:
        """HKDF-Expand-Label (section 7.1), of one block at most."""
        label = b"tls13 " + label
        info = struct.pack(">HB", count, len(label)) + label + b"\0\1"
        return hmac.new(self.secret, info, hashlib.sha384 if self.is_long else hashlib.sha256).digest()[:count]

    def record(self, content: bytes, kind: int) -> bytes:
        head = struct.pack(">BHH", 23, 0x0303, len(content) + 1 + 16)
        nonce = (self.vector ^ self.number).to_bytes(12)
        self.number += 1
        return head + self.seal(nonce, content + bytes([kind]), head)

    def seal(self, nonce: bytes, content: bytes, associated: bytes) -> bytes:
        context = ctypes.c_void_p(CRYPTO.EVP_CIPHER_CTX_new())
        cipher = ctypes.c_void_p(CRYPTO.EVP_aes_256_gcm() if self.is_long else CRYPTO.EVP_aes_128_gcm())
        sealed = ctypes.create_string_buffer(len(content))
        tag = ctypes.create_string_buffer(16)
        count = ctypes.c_int()
        assert CRYPTO.EVP_EncryptInit_ex(context, cipher, None, self.key, nonce) == 1
        assert CRYPTO.EVP_EncryptUpdate(context, None, ctypes.byref(count), associated, len(associated)) == 1
        assert CRYPTO.EVP_EncryptUpdate(context, sealed, ctypes.byref(count), content, len(content)) == 1
        assert CRYPTO.EVP_EncryptFinal_ex(context, None, ctypes.byref(count)) == 1
        assert CRYPTO.EVP_CIPHER_CTX_ctrl(context, GET_TAG, 16, tag) == 1
        CRYPTO.EVP_CIPHER_CTX_free(context)
        return sealed.raw + tag.raw
