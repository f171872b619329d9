"""From a prompt to feature numbers: the same bytes and the same hash as crates/lilim-router/src/embedded/features.rs.

All work is on bytes, so that no library's idea of a letter matters. Five groups of features, each a set; a feature weighs
1/sqrt(size of its group).
"""

import numpy as np

BUCKETS = 1 << 16
MAX_BYTES = 2048  # a longer prompt is its first HEAD_BYTES and its last MAX_BYTES - HEAD_BYTES
HEAD_BYTES = 1536
GROUPS = 5
WORDS, CHARS, PLACES, SHAPE, OPENING = range(GROUPS)
OPENING_WORDS = 20
FNV_START, FNV_PRIME = 0x811C9DC5, 0x01000193
QUOTES = ((b"\xe2\x80\x98", b"'"), (b"\xe2\x80\x99", b"'"), (b"\xe2\x80\x9c", b'"'), (b"\xe2\x80\x9d", b'"'), (b"\xe2\x80\x93", b"-"), (b"\xe2\x80\x94", b"-"))


def cut(text):
    data = text.encode()
    return data if len(data) <= MAX_BYTES else data[:HEAD_BYTES] + data[-(MAX_BYTES - HEAD_BYTES) :]


def tokens(data):
    """Words (letters, digits, bytes from 0x80, apostrophes within), numbers as one # a digit (three at most), single marks, line ends."""
    for curly, plain in QUOTES:
        data = data.replace(curly, plain)
    data = data.lower()
    out, at = [], 0
    while at < len(data):
        byte = data[at]
        if is_letter(byte) or 48 <= byte <= 57:
            end = at + 1
            while end < len(data) and (is_letter(data[end]) or 48 <= data[end] <= 57 or (data[end] == 39 and end + 1 < len(data) and is_letter(data[end + 1]))):
                end += 1
            word = data[at:end]
            if all(48 <= b <= 57 for b in word):
                word = b"#" * min(3, len(word))
            out.append(word)
            at = end
        else:
            if byte == 10:
                if out and out[-1] != b"\n":
                    out.append(b"\n")
            elif byte > 32 and byte != 127:
                out.append(data[at : at + 1])
            at += 1
    return out


def is_letter(byte):
    return 97 <= byte <= 122 or byte >= 128


def bucket(kind, *parts):
    """FNV-1a (32 bits) over the kind's letter and the parts with a zero byte before each, its halves folded."""
    value = ((FNV_START ^ kind) * FNV_PRIME) & 0xFFFFFFFF
    for part in parts:
        for byte in b"\0" + part:
            value = ((value ^ byte) * FNV_PRIME) & 0xFFFFFFFF
    return (value ^ (value >> 16)) & (BUCKETS - 1)


def level(count):
    """0, 1, 2, 3, then doubling: 4-7 is 4, 8-15 is 5 and so on."""
    return count if count < 4 else count.bit_length() + 1


def features(text):
    """A sorted list of bucket numbers for each group."""
    data = cut(text)
    words = tokens(data)
    groups = [set() for _ in range(GROUPS)]
    add_words(groups[WORDS], words)
    add_chars(groups[CHARS], words)
    add_places(groups[PLACES], words)
    add_shape(groups[SHAPE], data, words)
    add_opening(groups[OPENING], words)
    return [sorted(group) for group in groups]


def add_words(group, words):
    for at, word in enumerate(words):
        group.add(bucket(ord("1"), word))
        if at + 1 < len(words):
            group.add(bucket(ord("2"), word, words[at + 1]))
        if at + 2 < len(words):
            group.add(bucket(ord("3"), word, words[at + 1], words[at + 2]))
            group.add(bucket(ord("s"), word, words[at + 2]))


def add_chars(group, words):
    for word in words:
        if len(word) > 2:
            padded = b"<" + word[:32] + b">"
            for size in (3, 4, 5):
                for at in range(len(padded) - size + 1):
                    group.add(bucket(ord("c"), padded[at : at + size]))


def add_places(group, words):
    """How the prompt begins and ends, how each sentence begins, and the first word with each of the next twelve."""
    for size in (1, 2, 3, 4):
        if len(words) >= size:
            group.add(bucket(ord("f"), *words[:size]))
            if size < 3:
                group.add(bucket(ord("l"), *words[-size:]))
    for word in words[1:13]:
        group.add(bucket(ord("w"), words[0], word))
    start = True
    for at, word in enumerate(words):
        if start and word not in (b"\n", b".", b"!", b"?", b":", b"-", b"*"):
            group.add(bucket(ord("b"), word))
            if at + 1 < len(words):
                group.add(bucket(ord("B"), word, words[at + 1]))
            start = False
        if word in (b"\n", b".", b"!", b"?", b":"):
            start = True


def add_shape(group, data, words):
    """Counts in steps: length, sentences, questions, numbers, lines, commas, quotes, code marks; and the first word with the length."""
    count = lambda *wanted: sum(word in wanted for word in words)
    shape = [len(words), count(b".", b"!", b"?"), count(b"?"), count(b"#", b"##", b"###"), count(b"\n"), count(b","), count(b'"'),
             count(b"{", b"}", b"[", b"]", b"<", b">", b"_", b"=", b";"), count(b"$", b"%", b"+", b"=", b"/", b"^", b"\\"), count(b":")]
    for kind, value in enumerate(shape):
        group.add(bucket(ord("n"), bytes([kind, level(value)])))
    if words:
        group.add(bucket(ord("N"), words[0], bytes([level(len(words))])))
        group.add(bucket(ord("e"), words[-1], bytes([level(shape[3])])))
    upper = sum(65 <= byte <= 90 for byte in data)
    group.add(bucket(ord("u"), bytes([level(upper * 16 // max(1, len(data)))])))


def add_opening(group, words):
    """Single words and pairs of the opening alone: in a long prompt what is asked would be lost among what it is asked about."""
    opening = words[:OPENING_WORDS]
    for at, word in enumerate(opening):
        group.add(bucket(ord("h"), word))
        if at + 1 < len(opening):
            group.add(bucket(ord("H"), word, opening[at + 1]))


class Matrix:
    """The features of many prompts as one sparse matrix: rows[i]..rows[i+1] are the entries of prompt i."""

    def __init__(self, texts):
        columns, values, rows = [], [], [0]
        for text in texts:
            for group in features(text):
                columns.append(np.array(group, dtype=np.int32))
                values.append(np.full(len(group), 1 / np.sqrt(max(1, len(group)))))
            rows.append(rows[-1] + sum(map(len, columns[-GROUPS:])))
        self.columns = np.concatenate(columns)
        self.values = np.concatenate(values)
        self.rows = np.array(rows)

    def entries(self, picked):
        """(columns, values, row of each entry) of some rows."""
        sizes = self.rows[picked + 1] - self.rows[picked]
        ends = np.cumsum(sizes)
        at = np.arange(ends[-1]) + np.repeat(self.rows[picked] - (ends - sizes), sizes)
        return self.columns[at], self.values[at], np.repeat(np.arange(len(picked)), sizes)

    def logits(self, weights, bias, picked=None):
        picked = np.arange(len(self.rows) - 1) if picked is None else picked
        columns, values, row = self.entries(picked)
        out = np.empty((len(picked), weights.shape[1]))
        for label in range(weights.shape[1]):
            out[:, label] = np.bincount(row, weights[columns, label] * values, len(picked))
        return out + bias
