"""Mult-VAE (items-600-200-600-items, dropout 0.5, Adam) in PyTorch on a matrix of given size that is resident on the
device as CSR; a batch is made dense there:
  python gpu_torch_vae.py USERS ITEMS INTERACTIONS BATCH MODE SECONDS DEVICE    prints {"users_per_second": …}
MODE joins by '+': eager or compile; bf16. Whole epochs as far as SECONDS go, at least one after one that warms up."""
import json
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self, items, hidden=600, latent=200):
        super().__init__()
        self.encoder = nn.Sequential(nn.Dropout(.5), nn.Linear(items, hidden), nn.Tanh(), nn.Linear(hidden, 2 * latent))
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.Tanh(), nn.Linear(hidden, items))

    def forward(self, x):
        mean, log_variance = self.encoder(F.normalize(x)).float().chunk(2, 1)
        z = mean + torch.randn_like(mean) * torch.exp(.5 * log_variance)
        likelihood = (F.log_softmax(self.decoder(z).float(), 1) * x).sum(1).mean()
        divergence = .5 * (torch.exp(log_variance) + mean * mean - 1 - log_variance).sum(1).mean()
        return .2 * divergence - likelihood


def synthetic(users, items, interactions, device):
    """Lengths and popularity by power laws; an item may come twice in a row and is then one."""
    random = np.random.default_rng(1)
    weight = random.lognormal(0, 1, users)
    lengths = np.maximum(1, np.round(weight / weight.sum() * interactions)).astype(np.int64)
    popularity = 1 / np.arange(10, items + 10)
    columns = random.choice(items, int(lengths.sum()), p=popularity / popularity.sum())
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    return torch.from_numpy(offsets).to(device), torch.from_numpy(columns).to(device)


def main():
    users, items, interactions, batch = map(int, sys.argv[1:5])
    mode, limit, device = sys.argv[5].split("+"), float(sys.argv[6]), torch.device(sys.argv[7])
    offsets, columns = synthetic(users, items, interactions, device)
    lengths = offsets[1:] - offsets[:-1]
    torch.manual_seed(0)
    net = Net(items).to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=device.type == "cuda")
    loss_of = torch.compile(net) if "compile" in mode else net

    def step(rows):
        counts = lengths[rows]
        first = torch.repeat_interleave(offsets[rows] - (counts.cumsum(0) - counts), counts)
        place = first + torch.arange(len(first), device=device)
        x = torch.zeros(len(rows), items, device=device)
        x[torch.repeat_interleave(torch.arange(len(rows), device=device), counts), columns[place]] = 1
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled="bf16" in mode):
            loss = loss_of(x)
        loss.backward()
        optimizer.step()
        return loss.detach()

    def epoch():
        begin, total = time.perf_counter(), 0
        for rows in torch.randperm(users, device=device).split(batch):
            total = total + step(rows)
        loss = float(total)
        return time.perf_counter() - begin, loss

    epoch()
    seconds, loss = [], 0.0
    while not seconds or sum(seconds) + seconds[-1] < limit:
        one, loss = epoch()
        seconds.append(one)
    print(json.dumps({"users_per_second": users / sorted(seconds)[len(seconds) // 2], "epochs": len(seconds), "loss": loss / (users / batch)}))


if __name__ == "__main__":
    main()
