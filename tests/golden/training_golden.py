#!/usr/bin/env python3
"""Ten training steps, losses and learning rates by PyTorch, in tests/golden/training_golden.json.

    python3 -m venv env && env/bin/pip install torch numpy
    env/bin/python tests/golden/training_golden.py > tests/golden/training_golden.json

Weights and inputs are the simple functions below of the element's index, so that the test makes the
same ones without storing them. Everything is float32 as in training, but for the losses.
"""
import json

import torch

torch.set_num_threads(1)
WIDTHS = [6, 5, 3]
BATCH, STEPS = 8, 10


def pattern(count, stream):
    """Numbers in [-0.5, 0.5) that look random enough: multiples of 1/1024."""
    return [((i * 7919 + stream * 104729 + (i * i) % 1013 * 31) % 1024) / 1024 - 0.5
            for i in range(count)]


def tensor(shape, stream):
    count = 1
    for extent in shape:
        count *= extent
    return torch.tensor(pattern(count, stream), dtype=torch.float32).reshape(shape)


def make_model():
    layers = []
    for i, (fan_in, fan_out) in enumerate(zip(WIDTHS, WIDTHS[1:])):
        linear = torch.nn.Linear(fan_in, fan_out)
        with torch.no_grad():
            linear.weight.copy_(tensor((fan_in, fan_out), 2 * i + 1).T)
            linear.bias.copy_(tensor((fan_out,), 2 * i + 2))
        layers += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.01),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
}


def train(name, clip):
    model = make_model()
    optimizer = OPTIMIZERS[name](model.parameters())
    losses = []
    for step in range(STEPS):
        x = tensor((BATCH, WIDTHS[0]), 100 + step)
        y = torch.tensor([(i + step) % WIDTHS[-1] for i in range(BATCH)])
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        losses.append(loss.item())
    weights = {}
    for i, layer in enumerate(model[::2]):
        weights[f"dense_{i + 1}.weight"] = layer.weight.detach().T.reshape(-1).tolist()
        weights[f"dense_{i + 1}.bias"] = layer.bias.detach().tolist()
    return {"optimizer": name, "clip_norm": clip, "losses": losses, "weights": weights}


def schedules():
    """Twenty steps of five a epoch."""
    def rates(make, every):
        parameter = torch.nn.Parameter(torch.zeros(1))
        optimizer = torch.optim.SGD([parameter], lr=0.1)
        schedule = make(optimizer)
        out = []
        for step in range(20):
            out.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if (step + 1) % every == 0 and step < 19:
                schedule.step()
        return out
    lr = torch.optim.lr_scheduler
    return {
        "step": rates(lambda o: lr.StepLR(o, 2, 0.5), 5),
        "cosine": rates(lambda o: lr.CosineAnnealingLR(o, 20, 0.01), 1),
        "one_cycle": rates(lambda o: lr.OneCycleLR(o, 0.1, total_steps=20), 1),
    }


def losses():
    z = (tensor((5, 4), 50) * 8).double()
    y = torch.tensor([0, 3, 1, 2, 2])
    t = (tensor((5, 4), 51) * 4).double()
    bits = (tensor((5, 4), 52) > 0).double()
    f = torch.nn.functional
    p = torch.sigmoid(z)
    share = (p / p.sum(1, keepdim=True)).clamp(1e-7, 1 - 1e-7)
    rows = {
        "cross_entropy": f.cross_entropy(z, y, reduction="none"),
        "smoothed": f.cross_entropy(z, y, reduction="none", label_smoothing=0.2),
        "sigmoid_cross_entropy": -share.log()[torch.arange(5), y],
        "binary_cross_entropy":
            f.binary_cross_entropy_with_logits(z, bits, reduction="none").mean(1),
        "mse": f.mse_loss(z, t, reduction="none").mean(1),
        "mae": f.l1_loss(z, t, reduction="none").mean(1),
        "huber": f.huber_loss(z, t, reduction="none", delta=1.5).mean(1),
    }
    return {name: values.tolist() for name, values in rows.items()}


def layers():
    """Batch norm in training and in evaluation after it, and layer norm."""
    x = (tensor((6, 4), 60) * 3 + 1).double()
    batch = torch.nn.BatchNorm1d(4, momentum=0.3).double()
    layer = torch.nn.LayerNorm(4).double()
    return {
        "batch_norm_training": batch(x).reshape(-1).tolist(),
        "running_mean": batch.running_mean.tolist(),
        "running_var": batch.running_var.tolist(),
        "batch_norm_evaluation": batch.eval()(x).reshape(-1).tolist(),
        "layer_norm": layer(x).reshape(-1).tolist(),
    }


print(json.dumps({
    "torch": torch.__version__,
    "training": [train(name, clip) for name in OPTIMIZERS for clip in (0, 0.2)],
    "schedules": schedules(),
    "losses": losses(),
    "layers": layers(),
}, indent=1))
