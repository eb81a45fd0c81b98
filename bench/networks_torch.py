"""PyTorch on one workload: python bench/networks_torch.py WORKLOAD-JSON DATA-FOLDER MODE EPOCHS; prints seconds.

MODE joins by '+': eager or compile; fused or foreach (the optimizer); bf16."""
import json
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import networks_data


def main():
    workload = networks_data.Workload(**json.loads(sys.argv[1]))
    path, mode, epochs = sys.argv[2], sys.argv[3].split("+"), int(sys.argv[4])
    torch.set_num_threads(int(sys.argv[5]) if len(sys.argv) > 5 else 2)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    (x, y), (xv, yv) = [(torch.from_numpy(a), torch.from_numpy(b)) for a, b in networks_data.load(workload, path)]
    layers = []
    for a, b in zip(workload.widths, workload.widths[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    net = nn.Sequential(*layers[:-1])
    speed = {"fused": True} if "fused" in mode else {"foreach": True} if "foreach" in mode else {}
    if workload.optimizer == "adam":
        optimizer = torch.optim.Adam(net.parameters(), lr=workload.lr, **speed)
    else:
        momentum = 0.9 if workload.optimizer == "nesterov" else 0
        optimizer = torch.optim.SGD(net.parameters(), lr=workload.lr, momentum=momentum, nesterov=momentum > 0, **speed)
    bf16 = "bf16" in mode

    def forward(xb):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            return net(xb)

    def loss_of(xb, yb):
        return functional.cross_entropy(forward(xb).float(), yb)

    if "compile" in mode:
        loss_of = torch.compile(loss_of)
        forward = torch.compile(forward)
    n, batch = workload.train, workload.batch
    seconds = []
    for _ in range(epochs):
        start = time.perf_counter()
        order = torch.randperm(n) if workload.shuffle else None
        total = 0.0
        for at in range(0, n, batch):
            if order is None:
                xb, yb = x[at:at + batch], y[at:at + batch]
            else:
                rows = order[at:at + batch]
                xb, yb = x[rows], y[rows]
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(xb, yb)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        right = 0
        with torch.no_grad():
            for at in range(0, len(xv), batch):
                right += (forward(xv[at:at + batch]).argmax(1) == yv[at:at + batch]).sum()
        float(total), float(right)
        seconds.append(time.perf_counter() - start)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
