#!/usr/bin/env python3
"""The training step of `torchlm bench` in PyTorch, with what PyTorch itself recommends for speed.

  pytorch-peer.py --config gpt2 --device cuda --bf16 --compile

The model, the batch and the update are those of TorchLm's shapes: GPT-2 with biases, tanh GELU and a tied head, clipping at 1, AdamW. Fused
AdamW, scaled_dot_product_attention and pinned batches are always on; --bf16 is autocast, --tf32 lets float32 products round to TF32, --compile is
torch.compile. Every step is waited for, as `torchlm bench` does. Prints one JSON line.
"""
import argparse
import json
import math
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

# name: layers, heads, width, context, sequences a batch, vocabulary
SHAPES = {
    "tiny": (4, 4, 128, 64, 12, 65),
    "char": (6, 6, 384, 256, 8, 65),
    "gpt2": (12, 12, 768, 256, 2, 50304),
    "gpt2-64": (12, 12, 768, 64, 4, 50304),
    "gpt2-1024": (12, 12, 768, 1024, 8, 50304),
}


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, 4 * width)
        self.project = nn.Linear(4 * width, width)

    def attend(self, x):
        batch, length, width = x.shape
        qkv = self.qkv(x).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.attention_out(mixed.transpose(1, 2).reshape(batch, length, width))

    def forward(self, x):
        x = x + self.attend(self.attention_norm(x))
        return x + self.project(F.gelu(self.expand(self.mlp_norm(x)), approximate="tanh"))


class LanguageModel(nn.Module):
    def __init__(self, layers, heads, width, context, vocabulary):
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.position_embedding = nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(layers)))
        self.final_norm = nn.LayerNorm(width)
        self.register_buffer("positions", torch.arange(context), persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                residual = name.endswith(("attention_out.weight", "project.weight"))
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * layers) if residual else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, ids, targets):
        x = self.token_embedding(ids) + self.position_embedding(self.positions[: ids.shape[1]])
        logits = F.linear(self.final_norm(self.blocks(x)), self.token_embedding.weight)
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())


def optimizer_of(model):
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), eps=1e-8, fused=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="gpt2", choices=SHAPES)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seconds", type=float, default=20, help="time after the warm-up")
    parser.add_argument("--steps", type=int, help="this many steps after the warm-up, whatever they take")
    parser.add_argument("--batch", type=int, help="sequences a batch, instead of the shape's")
    parser.add_argument("--threads", type=int, help="CPU threads")
    precision = parser.add_mutually_exclusive_group()
    precision.add_argument("--bf16", action="store_true")
    precision.add_argument("--tf32", action="store_true")
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()

    if options.threads:
        torch.set_num_threads(options.threads)
    if options.tf32:
        torch.set_float32_matmul_precision("high")
    torch.manual_seed(1)
    device = torch.device(options.device)
    on_card = device.type == "cuda"
    layers, heads, width, context, batch, vocabulary = SHAPES[options.config]
    batch = options.batch or batch

    model = LanguageModel(layers, heads, width, context, vocabulary).to(device)
    optimizer = optimizer_of(model)
    loss_of = torch.compile(model) if options.compile else model
    tokens = torch.randint(vocabulary, (64, batch, context + 1))
    if on_card:
        tokens = tokens.pin_memory()

    def step(index):
        rows = tokens[index % len(tokens)]
        ids = rows[:, :-1].to(device, non_blocking=True)
        targets = rows[:, 1:].to(device, non_blocking=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=options.bf16):
            loss = loss_of(ids, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss

    def finish():
        if on_card:
            torch.cuda.synchronize(device)

    started = time.perf_counter()
    for index in range(5):
        loss = step(index)
    finish()
    warm_up = time.perf_counter() - started

    milliseconds = []
    started = time.perf_counter()
    while len(milliseconds) < (options.steps or 5) or (not options.steps and time.perf_counter() - started < options.seconds):
        before = time.perf_counter()
        loss = step(5 + len(milliseconds))
        finish()
        milliseconds.append(1000 * (time.perf_counter() - before))

    median = statistics.median(milliseconds)
    print(json.dumps({
        "peer": "pytorch " + torch.__version__,
        "device": torch.cuda.get_device_name(device) if on_card else "cpu",
        "threads": torch.get_num_threads(),
        "name": options.config,
        "batch": batch,
        "precision": "bf16" if options.bf16 else "tf32" if options.tf32 else "fp32",
        "compile": options.compile,
        "ms_per_step": round(median, 3),
        "tokens_per_second": round(1000 * batch * context / median),
        "steps": len(milliseconds),
        "warm_up_seconds": round(warm_up, 1),
        "loss": round(loss.item(), 4),
        "device_memory_mb": torch.cuda.max_memory_reserved(device) >> 20 if on_card else None,
    }))


if __name__ == "__main__":
    sys.exit(main())
