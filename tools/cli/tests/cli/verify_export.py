"""Verifies an export of the audit trail with nothing but the standard library.

Usage: verify_export.py EXPORT VKEY

Written from docs/audit.md alone, so that it shows that the page is enough: signed note and checkpoint
(C2SP signed-note, tlog-checkpoint), Ed25519 (RFC 8032), tree (RFC 6962), entries, records.
"""

import base64
import hashlib
import json
import pathlib
import struct
import sys

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def add(a, b):
    """Adds two points in extended coordinates."""
    t, u = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    v, w = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = u - t, w - v, w + v, u + t
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(scalar, point):
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def decompress(data):
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    assert y < P, "a point out of range"
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    assert (x * x - square) % P == 0, "not a point"
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


BASE = decompress((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def verify_ed25519(public, message, signature):
    s = int.from_bytes(signature[32:], "little")
    assert s < L, "a signature out of range"
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    ours = times(s, BASE)
    theirs = add(decompress(signature[:32]), times(k, decompress(public)))
    assert same(ours, theirs), "the signature does not match"


def sha(data):
    return hashlib.sha256(data).digest()


def node(left, right):
    return sha(b"\x01" + left + right)


def root_over(leaves):
    """MTH of RFC 6962, section 2.1."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return node(root_over(leaves[:half]), root_over(leaves[half:]))


def checkpoint(note, vkey):
    name, key_id, key = vkey.split("+", 2)
    key = base64.b64decode(key, validate=True)
    assert key[0] == 1 and len(key) == 33, "not an Ed25519 key"
    assert sha(name.encode() + b"\n" + key)[:4].hex() == key_id, "the key's id is another one"
    text, lines = note.rsplit("\n\n", 1)
    text += "\n"
    signed = False
    for line in lines.splitlines():
        dash, signer, signature = line.split(" ")
        assert dash == "\u2014", "not a line of a signature"
        signature = base64.b64decode(signature, validate=True)
        if signer == name and signature[:4].hex() == key_id:
            verify_ed25519(key[1:], text.encode(), signature[4:])
            signed = True
    assert signed, "the key did not sign it"
    origin, size, root = text.splitlines()
    assert origin == name, "a checkpoint of another log"
    return int(size), base64.b64decode(root, validate=True)


def number(value, size):
    return value.to_bytes(size, "big", signed=value < 0)


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(data)) + data


def slot(value):
    """A value of a row: a word, or an object with one member."""
    if isinstance(value, str):
        return bytes([["absent", "null", "object"].index(value)])
    ((kind, value),) = value.items()
    if kind == "bool":
        return bytes([3, value])
    if kind == "int":
        return b"\x04" + number(value, 8)
    return bytes([["number", "text", "json"].index(kind) + 5]) + text(value)


def event_body(event):
    parts = [text(event[part]) for part in ("event_type", "key", "source", "id")]
    parts.append(number(event["version"], 4))
    occurred, tray = event["occurred_us"], event["tray"]
    parts.append(b"\x00" if occurred is None else b"\x01" + number(occurred, 8))
    parts.append(bytes.fromhex(event["fingerprint"]))
    parts.append(b"\x00" if tray is None else b"\x01" + number(tray["stream"], 8) + number(tray["seq"], 8))
    attributes, row = event["attributes"], event["row"]
    parts.append(number(len(attributes), 4))
    parts += [text(a["name"]) + text(a["value"]) for a in attributes]
    parts.append(number(len(row["slots"]), 4))
    parts += [slot(value) for value in row["slots"]]
    parts.append(number(len(row["extras"]), 4))
    parts += [number(e["host"], 2) + text(e["key"]) + text(e["json"]) for e in row["extras"]]
    return b"".join(parts)


def entry(record):
    kind, body = next(iter(record["body"].items()))
    tag, body = (0, event_body(body)) if kind == "event" else (1, body.encode())
    if len(body) > 60_000:
        tag, body = tag + 2, sha(body)
    head = b"\x01" + number(record["position"], 8) + number(record["time_us"], 8)
    return head + text(record["principal"]) + bytes([tag]) + text(body)


def tile_path(kind, index, width):
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    return f"tile/{kind}/" + "/".join(groups) + (f".p/{width}" if width < 256 else "")


def tiles(size, kind):
    for index in range((size + 255) // 256):
        yield tile_path(kind, index, min(256, size - index * 256))


def main(folder, vkey):
    folder = pathlib.Path(folder)
    size, root = checkpoint((folder / "checkpoint").read_text(encoding="utf-8"), vkey)
    hashes = b"".join((folder / path).read_bytes() for path in tiles(size, "0"))
    leaves = [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
    assert len(leaves) == size, "another number of leaves than the checkpoint says"
    assert root_over(leaves) == root, "the hashes do not lead to the signed root"
    bundled = []
    for path in tiles(size, "entries"):
        data = (folder / path).read_bytes()
        while data:
            length = int.from_bytes(data[:2], "big")
            bundled.append(data[2 : 2 + length])
            data = data[2 + length :]
    assert [sha(b"\x00" + one) for one in bundled] == leaves, "an entry is not the signed one"
    with open(folder / "records.jsonl", encoding="utf-8") as lines:
        written = [entry(json.loads(line)) for line in lines]
    assert written == bundled, "a record is not its entry"
    print(f"{size} records")


if __name__ == "__main__":
    main(*sys.argv[1:])
