"""PyTorch on one workload: python bench/networks_torch.py WORKLOAD-JSON DATA-FOLDER MODE EPOCHS; prints seconds.

MODE joins by '+': eager or compile; fused or foreach (the optimizer); bf16."""
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional

import networks_data


def network(workload):
    """Its last layer gives logits."""
    layers = []
    for a, b in zip(workload.widths, workload.widths[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def optimizer_of(workload, net, mode):
    speed = {"fused": True} if "fused" in mode else {"foreach": True} if "foreach" in mode else {}
    if workload.optimizer == "adam":
        return torch.optim.Adam(net.parameters(), lr=workload.lr, **speed)
    momentum = 0.9 if workload.optimizer == "nesterov" else 0
    return torch.optim.SGD(net.parameters(), lr=workload.lr, momentum=momentum, nesterov=momentum > 0, **speed)


def train_epoch(workload, x, y, loss_of, optimizer):
    """Returns the sum of the batches' losses, which is still a tensor."""
    n, batch, total = workload.train, workload.batch, 0.0
    order = torch.randperm(n) if workload.shuffle else None
    for at in range(0, n, batch):
        rows = slice(at, at + batch) if order is None else order[at:at + batch]
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(x[rows], y[rows])
        loss.backward()
        optimizer.step()
        total += loss.detach()
    return total


def right_answers(forward, x, y, batch):
    """How many, as a tensor."""
    right = torch.zeros((), dtype=torch.int64)
    with torch.no_grad():
        for at in range(0, len(x), batch):
            right += (forward(x[at:at + batch]).argmax(1) == y[at:at + batch]).sum()
    return right


def main():
    workload = networks_data.Workload(**json.loads(sys.argv[1]))
    path, mode, epochs = sys.argv[2], sys.argv[3].split("+"), int(sys.argv[4])
    torch.set_num_threads(int(sys.argv[5]) if len(sys.argv) > 5 else 2)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    (x, y), (xv, yv) = [(torch.from_numpy(a), torch.from_numpy(b)) for a, b in networks_data.load(workload, path)]
    net = network(workload)
    optimizer = optimizer_of(workload, net, mode)
    bf16 = "bf16" in mode

    def forward(xb):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            return net(xb)

    def loss_of(xb, yb):
        return functional.cross_entropy(forward(xb).float(), yb)

    if "compile" in mode:
        loss_of = torch.compile(loss_of)
        forward = torch.compile(forward)
    seconds = []
    for _ in range(epochs):
        start = time.perf_counter()
        total = train_epoch(workload, x, y, loss_of, optimizer)
        right = right_answers(forward, xv, yv, workload.batch)
        float(total), float(right)
        seconds.append(time.perf_counter() - start)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
