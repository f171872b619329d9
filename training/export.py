"""Writes a checkpoint as GGUF: matrices Q8_0, norms F32, tokenizer, chat template and card fields inside.

    python export.py --data /tmp/train --out ../crates/lilim/assets/lilim-small.gguf
"""

import argparse
import json
from pathlib import Path

import gguf
import torch

from gen.corpus import BOS, IM_END, SPECIAL

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
DESCRIPTION = "A very small model that ships inside Lilim: simple stories, simple answers, and the category of a prompt."


def write_card(writer, cfg, note):
    writer.add_name("Lilim Small")
    writer.add_author("The Lilim project")
    writer.add_description(DESCRIPTION + note)
    writer.add_license("Apache-2.0 OR MIT")
    writer.add_size_label("6M")
    writer.add_languages(["en"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(cfg["ctx_len"])
    writer.add_embedding_length(cfg["dim"])
    writer.add_block_count(cfg["n_layers"])
    writer.add_feed_forward_length(cfg["ffn_dim"])
    writer.add_head_count(cfg["n_heads"])
    writer.add_head_count_kv(cfg["n_kv_heads"])
    writer.add_key_length(cfg["head_dim"])
    writer.add_value_length(cfg["head_dim"])
    writer.add_rope_dimension_count(cfg["head_dim"])
    writer.add_rope_freq_base(cfg["rope_theta"])
    writer.add_layer_norm_rms_eps(cfg["norm_eps"])
    writer.add_vocab_size(cfg["vocab_size"])


def write_tokenizer(writer, path):
    model = json.loads(path.read_text())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    types = [gguf.TokenType.CONTROL if t in SPECIAL else gguf.TokenType.NORMAL for t in tokens]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    bos, end = model["vocab"][BOS], model["vocab"][IM_END]
    writer.add_bos_token_id(bos)
    writer.add_eos_token_id(end)
    writer.add_eot_token_id(end)
    writer.add_pad_token_id(bos)
    writer.add_add_bos_token(True)
    writer.add_chat_template(CHAT_TEMPLATE)


def write_tensors(writer, weights):
    for name, tensor in weights.items():
        data = tensor.float().cpu().numpy()
        if data.ndim == 1:
            writer.add_tensor(name, data)
        else:
            packed = gguf.quants.quantize(data, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(name, packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with checkpoint.pt and tokenizer.json")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--note", default="", help="added to the description, for an unfinished model say")
    args = parser.parse_args()
    saved = torch.load(args.data / "checkpoint.pt", map_location="cpu")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(args.out, "llama")
    write_card(writer, saved["config"], args.note)
    write_tokenizer(writer, args.data / "tokenizer.json")
    write_tensors(writer, saved["model"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    size = args.out.stat().st_size
    assert size <= 8 * 2**20, size
    print(f"{args.out.name}: {size} bytes, step {saved['state']['step']}, {saved['state']['tokens']} tokens seen")


if __name__ == "__main__":
    main()
