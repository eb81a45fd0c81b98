"""Mult-VAE in PyTorch, answering the commands of vae_bench (steps, lists, one), and `train EPOCHS` for its quality.
  python vae_torch.py SPLIT.safetensors ITEMS fp32|bf16 eager|compile THREADS
The input layer is an embedding bag over the items that are left in; the loss gathers the logits of the items."""
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from tensors import tensors

HIDDEN, LATENT, DROPOUT, BATCH, BETA = 600, 200, 0.5, 500, 0.2


class Net(nn.Module):
    def __init__(self, items):
        super().__init__()
        self.input = nn.Parameter(torch.empty(items, HIDDEN))
        self.bias = nn.Parameter(torch.zeros(HIDDEN))
        self.encoder, self.decoder, self.output = nn.Linear(HIDDEN, 2 * LATENT), nn.Linear(LATENT, HIDDEN), nn.Linear(HIDDEN, items)
        for weight in (self.input, self.encoder.weight, self.decoder.weight, self.output.weight):
            nn.init.xavier_uniform_(weight)
        for bias in (self.bias, self.encoder.bias, self.decoder.bias, self.output.bias):
            nn.init.normal_(bias, std=.001)

    def encode(self, indices, offsets, weights):
        h = F.embedding_bag(indices, self.input, offsets, mode="sum", per_sample_weights=weights) + self.bias
        return self.encoder(torch.tanh(h)).chunk(2, dim=1)

    def decode(self, z):
        return self.output(torch.tanh(self.decoder(z)))

    def forward(self, indices, offsets, weights, noise, rows, columns, counts, beta):
        mean, log_variance = (half.float() for half in self.encode(indices, offsets, weights))
        logits = self.decode(mean + noise * torch.exp(.5 * log_variance))
        likelihood = logits[rows, columns].float().sum() - (torch.logsumexp(logits.float(), 1) * counts).sum()
        divergence = .5 * (torch.exp(log_variance) + mean * mean - 1 - log_variance).sum(1).mean()
        return beta * divergence - likelihood / len(counts)


class Users:
    """Rows of a CSR matrix as the tensors that the network takes."""
    def __init__(self, arrays, part):
        self.offsets, self.indices = (np.asarray(arrays[f"{part}.{name}"]) for name in ("offsets", "indices"))

    def __len__(self):
        return len(self.offsets) - 1

    def batch(self, users, dropout, random):
        lengths = (self.offsets[users + 1] - self.offsets[users]).astype(np.int64)
        begins = np.concatenate(([0], np.cumsum(lengths)))
        columns = self.indices[np.repeat(self.offsets[users] - begins[:-1], lengths) + np.arange(begins[-1])].astype(np.int64)
        weights = np.repeat(1 / np.sqrt(np.maximum(lengths, 1)), lengths).astype(np.float32)
        rows = np.repeat(np.arange(len(users)), lengths)
        kept = random.random(len(columns)) >= dropout if dropout else np.ones(len(columns), bool)
        offsets = np.concatenate(([0], np.cumsum(np.bincount(rows[kept], minlength=len(users)))))[:-1]
        seen = (columns[kept], offsets.astype(np.int64), weights[kept] / np.float32(1 - dropout))
        return [torch.from_numpy(part) for part in (*seen, rows, columns, lengths.astype(np.float32))]


class Judged:
    """A network with encode and decode, and the split that it learns from and is measured on."""
    def __init__(self, path, make_net, seed=1, precision="fp32"):
        self.arrays = tensors(path)
        self.train, self.random = Users(self.arrays, "train"), np.random.default_rng(seed)
        torch.manual_seed(seed)
        self.net = make_net()
        self.autocast = lambda: torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16")

    @torch.no_grad()
    def top(self, part, users, k=100):
        indices, offsets, weights, rows, columns, _ = part.batch(users, 0, self.random)
        with self.autocast():
            scores = self.net.decode(self.net.encode(indices, offsets, weights)[0])
        scores[rows, columns] = -torch.inf
        return torch.topk(scores.float(), k).indices.numpy()

    def measure(self, name):
        """NDCG@100, Recall@20, Recall@50."""
        seen, wanted = Users(self.arrays, name + "_in"), Users(self.arrays, name + "_out")
        gains, sums = 1 / np.log2(np.arange(2, 102)), []
        for begin in range(0, len(seen), BATCH):
            users = np.arange(begin, min(begin + BATCH, len(seen)))
            for user, best in zip(users, self.top(seen, users)):
                relevant = wanted.indices[wanted.offsets[user]:wanted.offsets[user + 1]]
                hits = np.isin(best, relevant)
                sums.append(((gains * hits).sum() / gains[:min(len(relevant), 100)].sum(),
                             hits[:20].sum() / min(20, len(relevant)), hits[:50].sum() / min(50, len(relevant))))
        return np.mean(sums, axis=0)


class Trainer(Judged):
    def __init__(self, path, items, precision, mode):
        super().__init__(path, lambda: Net(items), precision=precision)
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=1e-3, fused=True)
        self.loss = torch.compile(self.net, dynamic=True) if mode == "compile" else self.net
        self.queue, self.done = [], 0

    def next_users(self):
        """Batches of a random order, the short one last."""
        if not self.queue:
            order = self.random.permutation(len(self.train))
            self.queue = [order[begin:begin + BATCH] for begin in range(0, len(order), BATCH)]
        return self.queue.pop(0)

    def step(self, beta):
        users = self.next_users()
        indices, offsets, weights, rows, columns, counts = self.train.batch(users, DROPOUT, self.random)
        self.optimizer.zero_grad(set_to_none=True)
        with self.autocast():
            loss = self.loss(indices, offsets, weights, torch.randn(len(users), LATENT), rows, columns, counts, beta)
        loss.backward()
        self.optimizer.step()
        self.done += 1

    def fit(self, epochs, anneal_share=.85):
        """The best epoch by validation NDCG@100: its number, and its metrics on the test users."""
        batches = -(-len(self.train) // BATCH)
        best = (0, 0, None)
        for epoch in range(epochs):
            for _ in range(batches):
                self.step(BETA * min(1, self.done / max(1, int(anneal_share * epochs * batches))))
            valid = self.measure("valid")
            if valid[0] > best[0]:
                best = (valid[0], epoch + 1, self.measure("test"))
        return best


def main():
    path, items, precision, mode, threads = sys.argv[1:6]
    torch.set_num_threads(int(threads))
    trainer = Trainer(path, int(items), precision, mode)
    test = Users(trainer.arrays, "test_in")
    for line in sys.stdin:
        verb, count = line.split()[0], int(line.split()[1])
        begin = time.perf_counter()
        if verb == "steps":
            for _ in range(count):
                trainer.step(.1)
            answer = [time.perf_counter() - begin]
        elif verb == "lists":
            for first in range(0, min(count, len(test)), BATCH):
                trainer.top(test, np.arange(first, min(first + BATCH, count, len(test))))
            answer = [time.perf_counter() - begin, min(count, len(test))]
        elif verb == "one":
            seconds = []
            for user in range(count):
                begin = time.perf_counter()
                trainer.top(test, np.array([user % len(test)]))
                seconds.append(time.perf_counter() - begin)
            answer = [sorted(seconds)[count // 2]]
        else:
            valid, epoch, metrics = trainer.fit(count)
            answer = [epoch, valid, *metrics, time.perf_counter() - begin]
        print(*answer, flush=True)


if __name__ == "__main__":
    main()
