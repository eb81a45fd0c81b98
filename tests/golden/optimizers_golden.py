#!/usr/bin/env python3
"""Judge of the optimizers: what PyTorch makes of three weights in 12 steps with given gradients.

Everything is computed in float64, so that the stored numbers are those of the formulas. Momentum
scaled by the learning rate, as Lasagne and Keras have it, is not in PyTorch: it is written out
here. Writes optimizers_golden.json beside itself.
"""
import json
import pathlib

import numpy as np
import torch

STEPS, LR = 12, 0.015625  # a rate that is the same number in float32
START = [0.5, -1.25, 2.0]


def gradients():
    """Multiples of 1/64, so that float32 holds them too; the last weight's is sometimes 0."""
    random = np.random.default_rng(11)
    values = np.round(random.normal(0, 1, (STEPS, len(START))) * 64) / 64
    values[::4, -1] = 0
    return values


def torch_trajectory(make):
    weight = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = make([weight])
    path = []
    for gradient in gradients():
        weight.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
        path.append(weight.detach().tolist())
    return path


def scaled_trajectory(momentum, nesterov):
    weight, velocity = np.array(START), np.zeros(len(START))
    path = []
    for gradient in gradients():
        velocity = momentum * velocity - LR * gradient
        weight = weight + (momentum * velocity - LR * gradient if nesterov else velocity)
        path.append(weight.tolist())
    return path


def lion_trajectory(beta1, beta2, decay):
    """X. Chen et al. 2023, algorithm 2."""
    weight, mean = np.array(START), np.zeros(len(START))
    path = []
    for gradient in gradients():
        update = np.sign(beta1 * mean + (1 - beta1) * gradient)
        weight = weight - LR * (update + decay * weight)
        mean = beta2 * mean + (1 - beta2) * gradient
        path.append(weight.tolist())
    return path


def case(name, op, attributes, path):
    return {"name": name, "op": op, "attributes": attributes, "path": path}


def main():
    optim = torch.optim
    adam = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "decay": 0.0, "decoupled_decay": 0.0}
    momentum = {"momentum": 0.9, "nesterov": 0, "scaled": 0, "decay": 0.0}
    cases = [
        case("SGD", "sgd_update", {"decay": 0.0}, torch_trajectory(lambda w: optim.SGD(w, LR))),
        case("SGD with decay", "sgd_update", {"decay": 0.25},
             torch_trajectory(lambda w: optim.SGD(w, LR, weight_decay=0.25))),
        case("momentum", "momentum_update", momentum,
             torch_trajectory(lambda w: optim.SGD(w, LR, momentum=0.9))),
        case("momentum with decay", "momentum_update", {**momentum, "decay": 0.25},
             torch_trajectory(lambda w: optim.SGD(w, LR, momentum=0.9, weight_decay=0.25))),
        case("Nesterov", "momentum_update", {**momentum, "nesterov": 1},
             torch_trajectory(lambda w: optim.SGD(w, LR, momentum=0.9, nesterov=True))),
        case("scaled momentum", "momentum_update", {**momentum, "scaled": 1},
             scaled_trajectory(0.9, False)),
        case("scaled Nesterov", "momentum_update", {**momentum, "scaled": 1, "nesterov": 1},
             scaled_trajectory(0.9, True)),
        case("RMSprop", "rmsprop_update", {"rho": 0.99, "epsilon": 1e-8, "decay": 0.0},
             torch_trajectory(lambda w: optim.RMSprop(w, LR, alpha=0.99, eps=1e-8))),
        case("RMSprop with decay", "rmsprop_update", {"rho": 0.9, "epsilon": 1e-6, "decay": 0.25},
             torch_trajectory(
                 lambda w: optim.RMSprop(w, LR, alpha=0.9, eps=1e-6, weight_decay=0.25))),
        case("Adam", "adam_update", adam, torch_trajectory(lambda w: optim.Adam(w, LR))),
        case("Adam with decay", "adam_update",
             {**adam, "beta1": 0.8, "epsilon": 1e-4, "decay": 0.25},
             torch_trajectory(lambda w: optim.Adam(w, LR, betas=(0.8, 0.999), eps=1e-4,
                                                   weight_decay=0.25))),
        case("AdamW", "adam_update", {**adam, "decoupled_decay": 0.25},
             torch_trajectory(lambda w: optim.AdamW(w, LR, weight_decay=0.25))),
        case("Lion", "lion_update", {"beta1": 0.9, "beta2": 0.99, "decoupled_decay": 0.25},
             lion_trajectory(0.9, 0.99, 0.25)),
    ]
    golden = {"torch": torch.__version__, "numpy": np.__version__, "lr": LR, "start": START,
              "gradients": gradients().tolist(), "cases": cases}
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(golden, indent=1) + "\n")
    print(f"{path.name}: {len(cases)} trajectories of {STEPS} steps")


if __name__ == "__main__":
    main()
