"""The exported model, read back from its GGUF file and dequantized: what all checks and samples run on."""


import gguf
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from gen.corpus import BOS, IM_END, IM_START, SPECIAL
from model import Config, Llama
from prepare import SPLIT


def field(reader, key):
    return reader.get_field(key).contents()


def read_config(reader):
    get = lambda key: field(reader, f"llama.{key}")
    return Config(
        dim=get("embedding_length"), n_layers=get("block_count"), n_heads=get("attention.head_count"), n_kv_heads=get("attention.head_count_kv"),
        head_dim=get("attention.key_length"), ffn_dim=get("feed_forward_length"), vocab_size=get("vocab_size"), ctx_len=get("context_length"),
        rope_theta=get("rope.freq_base"), norm_eps=get("attention.layer_norm_rms_epsilon"),
    )


def read_tokenizer(reader):
    """The tokenizer rebuilt from the file alone."""
    tokens = field(reader, "tokenizer.ggml.tokens")
    merges = [tuple(m.split(" ")) for m in field(reader, "tokenizer.ggml.merges")]
    tokenizer = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, merges))
    split = pre_tokenizers.Split(Regex(SPLIT), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in SPECIAL])
    return tokenizer


class Loaded:
    """Float32 model on the dequantized weights, with its tokenizer."""

    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        self.model = Llama(read_config(reader))
        weights = {t.name: torch.from_numpy(gguf.quants.dequantize(t.data, t.tensor_type).copy()) for t in reader.tensors}
        self.model.load_state_dict(weights)
        self.model.eval()
        self.tokenizer = read_tokenizer(reader)
        self.bos = self.tokenizer.token_to_id(BOS)
        self.stops = {self.bos, self.tokenizer.token_to_id(IM_END)}

    def encode(self, text, bos=True):
        return [self.bos] * bos + self.tokenizer.encode(text).ids

    def chat_ids(self, messages, bos=True):
        """messages: list of (role, content); ends with the start of the assistant's answer."""
        text = "".join(f"{IM_START}{role}\n{content}{IM_END}\n" for role, content in messages)
        return self.encode(text + f"{IM_START}assistant\n", bos)

    @torch.no_grad()
    def logits(self, ids):
        """[len, vocab]"""
        return self.model(torch.tensor([ids]))[0]

    def generate(self, ids, n_tokens, temperature=0.0, seed=0, stop=True):
        """The new token ids; greedy at temperature 0."""
        generator = torch.Generator().manual_seed(seed)
        new = []
        for _ in range(n_tokens):
            row = self.logits(ids + new)[-1]
            if temperature == 0:
                token = int(row.argmax())
            else:
                token = int(torch.multinomial((row / temperature).softmax(0), 1, generator=generator))
            if stop and token in self.stops:
                break
            new.append(token)
        return new

    def answer(self, prompt, n_tokens=160, **options):
        return self.tokenizer.decode(self.generate(self.chat_ids([("user", prompt)]), n_tokens, **options))
