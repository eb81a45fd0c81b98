"""JAX on one workload: python bench/networks_jax.py WORKLOAD-JSON DATA-FOLDER MODE EPOCHS; prints seconds.

MODE: 'scan' (a whole epoch in one compiled loop) or 'step' (a compiled step, called from Python), '+bf16'."""
import json
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax

import networks_data


def main():
    workload = networks_data.Workload(**json.loads(sys.argv[1]))
    path, mode, epochs = sys.argv[2], sys.argv[3].split("+"), int(sys.argv[4])
    (x, y), (xv, yv) = networks_data.load(workload, path)
    random = np.random.default_rng(0)
    weights = []
    for a, b in zip(workload.widths, workload.widths[1:]):
        limit = np.sqrt(6 / (a + b))
        weights.append((jnp.asarray(random.uniform(-limit, limit, (a, b)), jnp.float32), jnp.zeros(b)))
    optimizer = (optax.adam(workload.lr) if workload.optimizer == "adam" else
                 optax.sgd(workload.lr, *((0.9, True) if workload.optimizer == "nesterov" else ())))
    kind = jnp.bfloat16 if "bf16" in mode else jnp.float32

    def forward(parameters, xb):
        for i, (w, b) in enumerate(parameters):
            xb = jnp.dot(xb.astype(kind), w.astype(kind), preferred_element_type=jnp.float32) + b
            if i + 1 < len(parameters):
                xb = jax.nn.relu(xb)
        return xb

    def loss(parameters, xb, yb):
        return optax.softmax_cross_entropy_with_integer_labels(forward(parameters, xb), yb).mean()

    def step(carry, batch):
        parameters, state = carry
        value, gradients = jax.value_and_grad(loss)(parameters, *batch)
        updates, state = optimizer.update(gradients, state, parameters)
        return (optax.apply_updates(parameters, updates), state), value

    batch = workload.batch
    steps = workload.train // batch  # whole batches only: to its advantage
    epoch_of = jax.jit(lambda carry, xs, ys: jax.lax.scan(step, carry, (xs, ys)), donate_argnums=0)
    step_of = jax.jit(step, donate_argnums=0)
    right_of = jax.jit(lambda parameters, xs, ys: (forward(parameters, xs).argmax(1) == ys).sum())
    carry = (weights, optimizer.init(weights))
    seconds = []
    for _ in range(epochs):
        start = time.perf_counter()
        order = random.permutation(workload.train)[:steps * batch] if workload.shuffle else np.arange(steps * batch)
        if "scan" in mode:
            xs, ys = x[order].reshape(steps, batch, -1), y[order].reshape(steps, batch).astype(np.int32)
            carry, losses = epoch_of(carry, xs, ys)
            total = losses.sum()
        else:
            total = 0.0
            for at in range(0, steps * batch, batch):
                rows = order[at:at + batch]
                carry, value = step_of(carry, (x[rows], y[rows].astype(np.int32)))
                total += value
        right = sum(right_of(carry[0], xv[at:at + batch], yv[at:at + batch]) for at in range(0, len(xv), batch))
        float(total), float(right)
        seconds.append(time.perf_counter() - start)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
