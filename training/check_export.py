"""Checks an exported GGUF: its logits against the checkpoint's and, where transformers is installed, against its Llama.

    python check_export.py --data /tmp/train --model ../crates/lilim/assets/lilim-small.gguf
"""

import argparse
from pathlib import Path

import torch

from loaded import Loaded
from model import Config, Llama

TEXT = "Once upon a time, a shy owl named Hazel found 3 lanterns near the sea."


HF_NAMES = {
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}


def halves(weight, head_dim):
    """Reorders the rows of each head from GGUF's neighbouring RoPE pairs to the half-and-half pairs of transformers."""
    return weight.view(-1, head_dim // 2, 2, weight.shape[1]).transpose(1, 2).reshape(weight.shape)


def from_transformers(loaded, ids):
    """Logits of transformers' Llama on the same weights; None where it is not installed."""
    try:
        from transformers import LlamaConfig, LlamaForCausalLM
    except ImportError:
        return None
    cfg = loaded.model.cfg
    config = LlamaConfig(
        vocab_size=cfg.vocab_size, hidden_size=cfg.dim, intermediate_size=cfg.ffn_dim, num_hidden_layers=cfg.n_layers, num_attention_heads=cfg.n_heads,
        num_key_value_heads=cfg.n_kv_heads, head_dim=cfg.head_dim, rms_norm_eps=cfg.norm_eps, rope_theta=cfg.rope_theta, tie_word_embeddings=True,
    )
    weights = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}
    weights |= {f"model.layers.{i}.{new}.weight": f"blk.{i}.{old}.weight" for i in range(cfg.n_layers) for old, new in HF_NAMES.items()}
    ours = loaded.model.state_dict()
    turned = {new: halves(ours[old], cfg.head_dim) if old.endswith(("attn_q.weight", "attn_k.weight")) else ours[old] for new, old in weights.items()}
    other = LlamaForCausalLM(config).eval()
    missing = other.load_state_dict(turned, strict=False).missing_keys
    assert set(missing) <= {"lm_head.weight"}, missing
    other.tie_weights()
    with torch.no_grad():
        return other(torch.tensor([ids])).logits[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    args = parser.parse_args()
    loaded = Loaded(args.model)
    ids = loaded.encode(TEXT)
    logits = loaded.logits(ids)
    assert loaded.tokenizer.decode(ids[1:]) == TEXT, "the tokenizer does not give the text back"
    saved = torch.load(args.data / "checkpoint.pt", map_location="cpu")
    original = Llama(Config(**saved["config"]))
    original.load_state_dict(saved["model"])
    with torch.no_grad():
        exact = original(torch.tensor([ids]))[0]
    print(f"Q8_0 against the checkpoint: largest logit difference {float((logits - exact).abs().max()):.4f}")
    assert (logits - exact).abs().max() < 0.5, "Q8_0 rounding moves logits of this model by about 0.1"
    other = from_transformers(loaded, ids)
    if other is None:
        print("transformers is not installed: second reading skipped")
        return
    print(f"against transformers on the same weights: largest logit difference {float((logits - other).abs().max()):.6f}")
    assert torch.allclose(logits, other, atol=1e-3)


if __name__ == "__main__":
    main()
