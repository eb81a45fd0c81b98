"""scikit-learn's MLPClassifier on one workload: python bench/networks_sklearn.py WORKLOAD-JSON DATA-FOLDER MODE EPOCHS."""
import json
import sys
import time
import warnings

from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

import networks_data


def main():
    workload = networks_data.Workload(**json.loads(sys.argv[1]))
    path, epochs = sys.argv[2], int(sys.argv[4])
    threads = int(sys.argv[5]) if len(sys.argv) > 5 else 2
    (x, y), (xv, yv) = networks_data.load(workload, path)
    warnings.filterwarnings("ignore")
    model = MLPClassifier(workload.hidden, solver="adam" if workload.optimizer == "adam" else "sgd", alpha=0,
                          batch_size=workload.batch, learning_rate_init=workload.lr,
                          momentum=0.9 if workload.optimizer == "nesterov" else 0, max_iter=1, warm_start=True,
                          nesterovs_momentum=workload.optimizer == "nesterov", shuffle=workload.shuffle)
    seconds = []
    with threadpool_limits(threads):
        for _ in range(epochs):
            start = time.perf_counter()
            model.fit(x, y)
            if len(xv):
                model.score(xv, yv)
            seconds.append(time.perf_counter() - start)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
