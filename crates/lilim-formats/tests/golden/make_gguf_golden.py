"""Writes what the Python `gguf` package reads from a GGUF header as JSON, for tests/real_files.rs.

Usage: python make_gguf_golden.py MODEL.gguf > MODEL.json
Arrays are cut to their first and last elements; the length is kept. Floats go through repr, so
they are exact. `dims` are in ggml's order, `offset` is from the start of the file.
"""

import json
import sys

from gguf import GGUFReader, GGUFValueType

SHOWN = 4


def plain(value):
    return value.item() if hasattr(value, "item") else value


def field(field):
    types = [t.name.lower() for t in field.types]
    value = field.contents()
    if field.types[0] == GGUFValueType.ARRAY:
        value = [plain(v) for v in value]
        return {"types": types, "len": len(value), "first": value[:SHOWN], "last": value[-SHOWN:]}
    return {"types": types, "value": plain(value)}


def main():
    reader = GGUFReader(sys.argv[1])
    keys = {k: field(f) for k, f in reader.fields.items() if not k.startswith("GGUF.")}
    tensors = [
        {
            "name": t.name,
            "type": t.tensor_type.name,
            "dims": [int(d) for d in t.shape],
            "offset": int(t.data_offset),
            "n_bytes": int(t.n_bytes),
        }
        for t in reader.tensors
    ]
    version = int(reader.fields["GGUF.version"].contents())
    json.dump({"version": version, "alignment": int(reader.alignment), "keys": keys, "tensors": tensors}, sys.stdout, indent=1)
    print()


main()
