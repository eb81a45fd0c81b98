"""ELSA in PyTorch (V. Vancura et al., RecSys 2022), for its quality on a split that vae_bench has written.
  python elsa_torch.py SPLIT.safetensors ITEMS FACTORS EPOCHS THREADS [SEED [BATCH [RATE]]]
The published form, dense: scores of every item, compared with the user's items by the squared distance of the two at length 1.
Prints validation NDCG@100 of every epoch, then the best one with the metrics of its test users."""
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

from vae_torch import Judged


class Net(nn.Module):
    def __init__(self, items, factors):
        super().__init__()
        self.items = nn.Parameter(nn.init.xavier_uniform_(torch.empty(items, factors)))

    def encode(self, indices, offsets, weights):
        unit = F.normalize(self.items, dim=1)
        return (F.embedding_bag(indices, unit, offsets, mode="sum", per_sample_weights=weights),)

    def decode(self, z):  # less the user's own items, which lists leave out
        return z @ F.normalize(self.items, dim=1).T


class Trainer(Judged):
    def __init__(self, path, items, factors, seed, batch, rate):
        super().__init__(path, lambda: Net(items, factors), seed)
        self.batch, self.width = batch, items
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=rate)

    def step(self, users):
        *seen, rows, columns, _ = self.train.batch(users, 0, self.random)
        x = torch.zeros(len(users), self.width)
        x[rows, columns] = seen[2]
        unit = F.normalize(self.net.items, dim=1)
        scores = x @ unit @ unit.T - x
        loss = (F.normalize(scores, dim=1) - x).square().sum(1).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()

    def fit(self, epochs):
        best = (0, 0, None)
        for epoch in range(1, epochs + 1):
            order = self.random.permutation(len(self.train))
            for begin in range(0, len(order), self.batch):
                self.step(order[begin:begin + self.batch])
            valid = self.measure("valid")
            print(epoch, *valid.round(5), flush=True)
            if valid[0] > best[0]:
                best = (valid[0], epoch, self.measure("test"))
        return best


def main():
    path, items, factors, epochs, threads = sys.argv[1:6]
    seed, batch, rate = (*sys.argv[6:], *("1", "500", "0.01")[len(sys.argv) - 6:])
    torch.set_num_threads(int(threads))
    begin = time.perf_counter()
    trainer = Trainer(path, int(items), int(factors), int(seed), int(batch), float(rate))
    valid, epoch, test = trainer.fit(int(epochs))
    print(f"best epoch {epoch}: valid ndcg@100 {valid:.5f}; test ndcg@100 {test[0]:.5f}, recall@20 {test[1]:.5f}, "
          f"recall@50 {test[2]:.5f}; {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
