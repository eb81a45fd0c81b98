"""RecVAE in PyTorch (I. Shenbin et al., WSDM 2020), for its quality on a split that vae_bench has written.
  python recvae_torch.py SPLIT.safetensors ITEMS EPOCHS THREADS [SEED]
An epoch is three passes for the encoder and one for the decoder. Prints validation NDCG@100 of every epoch, then the best one
with the metrics of its test users."""
import copy
import math
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from vae_torch import BATCH, Judged

HIDDEN, LATENT, DROPOUT, GAMMA, RATE, ENCODER_PASSES = 600, 200, 0.5, 0.005, 5e-4, 3
MIXTURE = ((3 / 20, 0.0), (1 / 10, 10.0))  # weight and logarithm of the variance of the two that are fixed
PREVIOUS = 3 / 4


class Encoder(nn.Module):
    def __init__(self, items):
        super().__init__()
        self.input = nn.Parameter(torch.empty(items, HIDDEN).uniform_(-1, 1) / math.sqrt(items))
        self.bias = nn.Parameter(torch.empty(HIDDEN).uniform_(-1, 1) / math.sqrt(items))
        self.dense = nn.ModuleList(nn.Linear(HIDDEN, HIDDEN) for _ in range(4))
        self.norms = nn.ModuleList(nn.LayerNorm(HIDDEN, eps=.1) for _ in range(5))
        self.last = nn.Linear(HIDDEN, 2 * LATENT)

    def forward(self, indices, offsets, weights):
        before = F.embedding_bag(indices, self.input, offsets, mode="sum", per_sample_weights=weights) + self.bias
        total = torch.zeros(())
        for layer, norm in enumerate(self.norms):
            h = norm(F.silu(before + total))
            total = total + h
            if layer < 4:
                before = self.dense[layer](h)
        return self.last(h).chunk(2, dim=1)


def log_density(z, mean, log_variance):
    """Of a normal distribution, less the constant that all have."""
    return -.5 * (log_variance + (z - mean) ** 2 * torch.exp(-log_variance))


class Net(nn.Module):
    def __init__(self, items):
        super().__init__()
        self.encode, self.decode = Encoder(items), nn.Linear(LATENT, items)


class Trainer(Judged):
    def __init__(self, path, items, seed):
        super().__init__(path, lambda: Net(items), seed)
        self.previous = copy.deepcopy(self.net.encode).requires_grad_(False)
        self.optimizers = {part: torch.optim.Adam(getattr(self.net, part).parameters(), lr=RATE, fused=True) for part in ("encode", "decode")}

    def pass_over(self, part):
        encoder = part == "encode"
        self.net.encode.requires_grad_(encoder)
        self.net.decode.requires_grad_(not encoder)
        order = self.random.permutation(len(self.train))
        for begin in range(0, len(order), BATCH):
            users = order[begin:begin + BATCH]
            *seen, rows, columns, counts = self.train.batch(users, DROPOUT if encoder else 0, self.random)
            mean, log_variance = self.net.encode(*seen)
            z = mean + torch.randn_like(mean) * torch.exp(.5 * log_variance)
            logits = self.net.decode(z)
            loss = -(logits[rows, columns].sum() - (torch.logsumexp(logits, 1) * counts).sum()) / len(users)
            if encoder:
                before = self.previous(*self.train.batch(users, 0, self.random)[:3])
                parts = [math.log(weight) + log_density(z, torch.zeros(()), torch.tensor(log)) for weight, log in MIXTURE]
                prior = torch.logsumexp(torch.stack([*parts, math.log(PREVIOUS) + log_density(z, *before)]), 0)
                loss = loss + ((log_density(z, mean, log_variance) - prior).sum(1) * GAMMA * counts).mean()
            self.optimizers[part].zero_grad(set_to_none=True)
            loss.backward()
            self.optimizers[part].step()

    def fit(self, epochs):
        best = (0, 0, None)
        for epoch in range(1, epochs + 1):
            for _ in range(ENCODER_PASSES):
                self.pass_over("encode")
            self.previous.load_state_dict(self.net.encode.state_dict())
            self.pass_over("decode")
            valid = self.measure("valid")
            print(epoch, *valid.round(5), flush=True)
            if valid[0] > best[0]:
                best = (valid[0], epoch, self.measure("test"))
        return best


def main():
    path, items, epochs, threads = sys.argv[1:5]
    torch.set_num_threads(int(threads))
    begin = time.perf_counter()
    valid, epoch, test = Trainer(path, int(items), int((sys.argv[5:] or ["1"])[0])).fit(int(epochs))
    print(f"best epoch {epoch}: valid ndcg@100 {valid:.5f}; test ndcg@100 {test[0]:.5f}, recall@20 {test[1]:.5f}, "
          f"recall@50 {test[2]:.5f}; {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
