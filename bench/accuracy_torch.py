"""PyTorch's accuracy on one workload: python bench/accuracy_torch.py WORKLOAD DATA-ROOT SEED EPOCHS [THREADS].

Trains on the whole training part as Bascule's specs do: initialised as Keras does (Glorot's uniform weights, biases
0), fp32, a new order of the samples in every epoch. Prints the losses in training and the test accuracies, epoch by
epoch, as JSON."""
import json
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import networks_data
import networks_torch


def main():
    workload = networks_data.NAMED[sys.argv[1]]
    root, seed, epochs = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(int(sys.argv[5]) if len(sys.argv) > 5 else 2)
    torch.set_flush_denormal(True)
    torch.manual_seed(seed)
    (x, y), (x_test, y_test) = [
        (torch.from_numpy(pixels.astype(np.float32) / 255), torch.from_numpy(labels.astype(np.int64)))
        for pixels, labels in networks_data.arrays(workload.data, root)]
    assert len(x) == workload.train, (len(x), workload.train)
    net = networks_torch.network(workload)
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    optimizer = networks_torch.optimizer_of(workload, net, ["fused"])
    loss, accuracy = [], []
    for epoch in range(epochs):
        total = networks_torch.train_epoch(workload, x, y, lambda xb, yb: functional.cross_entropy(net(xb), yb), optimizer)
        loss.append(float(total) / -(-workload.train // workload.batch))
        accuracy.append(float(networks_torch.right_answers(net, x_test, y_test, 1000)) / len(x_test))
        print(f"PyTorch seed {seed} epoch {epoch + 1}: loss {loss[-1]:.4f}, accuracy {accuracy[-1]:.4f}", file=sys.stderr)
    print(json.dumps({"train_loss": loss, "test_accuracy": accuracy}))


if __name__ == "__main__":
    main()
