"""PyTorch on one network, its data resident on the device:
  python gpu_torch_networks.py WORKLOAD-JSON DATA-FOLDER MODE EPOCHS DEVICE     prints {"seconds": [one per epoch], ...}
MODE joins by '+': eager, compile (with its own CUDA graphs) or graph (the whole step captured by hand); tf32; bf16."""
import json
import sys
import time

import torch
from torch.nn import functional

import networks_data
from networks_torch import network


def make_optimizer(workload, net, mode, on_gpu):
    speed = {"fused": True, **({"capturable": True} if "graph" in mode and workload.optimizer == "adam" else {})} if on_gpu else {}
    if workload.optimizer == "adam":
        return torch.optim.Adam(net.parameters(), lr=workload.lr, **speed)
    momentum = 0.9 if workload.optimizer == "nesterov" else 0
    return torch.optim.SGD(net.parameters(), lr=workload.lr, momentum=momentum, nesterov=momentum > 0, **speed)


def captured(step, x, y, batch):
    """The step as one CUDA graph over buffers of its own."""
    xb, yb = x[:batch].clone(), y[:batch].clone()
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step(xb, yb)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step(xb, yb)

    def replay(x_now, y_now):
        xb.copy_(x_now)
        yb.copy_(y_now)
        graph.replay()
        return loss
    return replay


def main():
    workload = networks_data.Workload(**json.loads(sys.argv[1]))
    path, mode, epochs, device = sys.argv[2], sys.argv[3].split("+"), int(sys.argv[4]), torch.device(sys.argv[5])
    on_gpu = device.type == "cuda"
    torch.backends.cuda.matmul.allow_tf32 = "tf32" in mode
    torch.manual_seed(0)
    (x, y), (xv, yv) = [(torch.from_numpy(a).to(device), torch.from_numpy(b).to(device)) for a, b in networks_data.load(workload, path)]
    net = network(workload).to(device)
    optimizer = make_optimizer(workload, net, mode, on_gpu)
    batch = workload.batch

    def loss_of(xb, yb):
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled="bf16" in mode):
            logits = net(xb)
        return functional.cross_entropy(logits.float(), yb)

    if "compile" in mode:
        loss_of = torch.compile(loss_of, **({"mode": "reduce-overhead"} if on_gpu else {}))

    def step(xb, yb):
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(xb, yb)
        loss.backward()
        optimizer.step()
        return loss.detach()

    fast = captured(step, x, y, batch) if "graph" in mode else step
    seconds = []
    for _ in range(epochs):
        begin = time.perf_counter()
        n = len(x)
        order = torch.randperm(n, device=device) if workload.shuffle else None
        total = torch.zeros((), device=device)
        for at in range(0, n - n % batch, batch):
            rows = slice(at, at + batch) if order is None else order[at:at + batch]
            total += fast(x[rows], y[rows])
        if n % batch:
            rows = slice(n - n % batch, n) if order is None else order[n - n % batch:]
            total += step(x[rows], y[rows])
        right = torch.zeros((), device=device)
        with torch.no_grad():
            for at in range(0, len(xv), 1000):
                right += (net(xv[at:at + 1000]).argmax(1) == yv[at:at + 1000]).sum()
        loss, right = float(total) / (n / batch), float(right)
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"seconds": seconds, "loss": loss, "accuracy": right / len(xv) if len(xv) else None}))


if __name__ == "__main__":
    main()
