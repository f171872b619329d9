"""The embedded model's network: a small Llama in plain PyTorch.

The parameters carry the names of the GGUF tensors they become, and RoPE rotates neighbouring pairs (2i, 2i + 1), which is
what GGUF's `llama` architecture expects: the exporter copies the weights without permuting anything.
"""

from dataclasses import asdict, dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    dim: int = 256
    n_layers: int = 6
    n_heads: int = 4
    n_kv_heads: int = 2
    head_dim: int = 64
    ffn_dim: int = 768
    vocab_size: int = 4096
    ctx_len: int = 1024
    rope_theta: float = 10000.0
    norm_eps: float = 1e-5

    def to_dict(self):
        return asdict(self)


class RmsNorm(nn.Module):
    def __init__(self, dim, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.eps)


def rope_table(cfg, length):
    """Cosines and sines, each [length, head_dim / 2]."""
    freq = cfg.rope_theta ** (-torch.arange(0, cfg.head_dim, 2).float() / cfg.head_dim)
    angle = torch.outer(torch.arange(length).float(), freq)
    return angle.cos(), angle.sin()


def rotate(x, cos, sin):
    """Applies RoPE to neighbouring pairs. x: [batch, heads, time, head_dim]."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2)


class Block(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        q_dim, kv_dim = cfg.n_heads * cfg.head_dim, cfg.n_kv_heads * cfg.head_dim
        self.attn_norm = RmsNorm(cfg.dim, cfg.norm_eps)
        self.attn_q = nn.Linear(cfg.dim, q_dim, bias=False)
        self.attn_k = nn.Linear(cfg.dim, kv_dim, bias=False)
        self.attn_v = nn.Linear(cfg.dim, kv_dim, bias=False)
        self.attn_output = nn.Linear(q_dim, cfg.dim, bias=False)
        self.ffn_norm = RmsNorm(cfg.dim, cfg.norm_eps)
        self.ffn_gate = nn.Linear(cfg.dim, cfg.ffn_dim, bias=False)
        self.ffn_up = nn.Linear(cfg.dim, cfg.ffn_dim, bias=False)
        self.ffn_down = nn.Linear(cfg.ffn_dim, cfg.dim, bias=False)

    def forward(self, x, cos, sin, mask):
        x = x + self.attention(self.attn_norm(x), cos, sin, mask)
        h = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))

    def attention(self, x, cos, sin, mask):
        batch, time, _ = x.shape
        heads = lambda y, n: y.view(batch, time, n, self.cfg.head_dim).transpose(1, 2)
        q = rotate(heads(self.attn_q(x), self.cfg.n_heads), cos, sin)
        k = rotate(heads(self.attn_k(x), self.cfg.n_kv_heads), cos, sin)
        v = heads(self.attn_v(x), self.cfg.n_kv_heads)
        group = self.cfg.n_heads // self.cfg.n_kv_heads
        k, v = (t.repeat_interleave(group, dim=1) for t in (k, v))
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)
        return self.attn_output(out.transpose(1, 2).reshape(batch, time, -1))


class Llama(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.token_embd = nn.Embedding(cfg.vocab_size, cfg.dim)
        self.blk = nn.ModuleList(Block(cfg) for _ in range(cfg.n_layers))
        self.output_norm = RmsNorm(cfg.dim, cfg.norm_eps)
        self.init_weights()

    def init_weights(self):
        for name, param in self.named_parameters():
            if param.dim() == 2:
                nn.init.normal_(param, std=0.02)
            if name.endswith(("attn_output.weight", "ffn_down.weight")):
                param.data.mul_((2 * self.cfg.n_layers) ** -0.5)

    def hidden(self, ids, mask=None):
        """Final normed states [batch, time, dim]; mask: bool [batch, 1, time, time], True where a token may look."""
        x = self.token_embd(ids)
        cos, sin = (t.to(x.device) for t in rope_table(self.cfg, ids.shape[1]))
        if torch.is_autocast_enabled(x.device.type):
            cos, sin, x = cos.bfloat16(), sin.bfloat16(), x.bfloat16()
        for block in self.blk:
            x = block(x, cos, sin, mask)
        return self.output_norm(x)

    def forward(self, ids, mask=None):
        """Logits [batch, time, vocab]; the output matrix is the embedding."""
        return F.linear(self.hidden(ids, mask), self.token_embd.weight)
