"""tf.keras on one workload: python bench/networks_keras.py WORKLOAD-JSON DATA-FOLDER MODE EPOCHS; prints seconds.

MODE: 'function' (compiled fit on arrays), '+xla', '+bf16'."""
import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf

import networks_data


def main():
    workload = networks_data.Workload(**json.loads(sys.argv[1]))
    path, mode, epochs = sys.argv[2], sys.argv[3].split("+"), int(sys.argv[4])
    threads = int(sys.argv[5]) if len(sys.argv) > 5 else 2
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if "bf16" in mode:
        tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
    (x, y), (xv, yv) = networks_data.load(workload, path)
    dense = tf.keras.layers.Dense
    net = tf.keras.Sequential([tf.keras.Input((workload.inputs,)), *[dense(width, "relu") for width in workload.hidden],
                               dense(10), tf.keras.layers.Activation("linear", dtype="float32")])
    optimizers = tf.keras.optimizers
    optimizer = (optimizers.Adam(workload.lr) if workload.optimizer == "adam" else
                 optimizers.SGD(workload.lr, momentum=0.9 if workload.optimizer == "nesterov" else 0.0,
                                nesterov=workload.optimizer == "nesterov"))
    net.compile(optimizer=optimizer, loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                metrics=["accuracy"] if workload.valid else None, jit_compile="xla" in mode, steps_per_execution=20)
    validation = (xv, yv) if workload.valid else None
    seconds = []

    class Clock(tf.keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            seconds.append(time.perf_counter() - self.start)

    net.fit(x, y, workload.batch, epochs, validation_data=validation, shuffle=workload.shuffle, verbose=0,
            validation_batch_size=workload.batch, callbacks=[Clock()])
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
