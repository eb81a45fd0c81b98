"""One query among the items of a matrix in PyTorch, dense (cosine, top-k, as the article) and sparse:
  python gpu_torch_knn.py ITEMS USERS INTERACTIONS K DEVICE        prints {"dense": {…}, "sparse": {…}}"""
import json
import sys
import time

import torch


def median_seconds(run, device, count=30):
    seconds = []
    for _ in range(count + 3):
        begin = time.perf_counter()
        run()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begin)
    return sorted(seconds[3:])[count // 2]


def main():
    items, users, interactions, k = map(int, sys.argv[1:5])
    device = torch.device(sys.argv[5])
    torch.manual_seed(0)
    places = torch.stack([torch.randint(items, (interactions,)), torch.randint(users, (interactions,))])
    sparse = torch.sparse_coo_tensor(places, torch.rand(interactions) + 1, (items, users)).coalesce().to_sparse_csr().to(device)
    answer = {}
    matrix = sparse.to_dense()
    norms = matrix.norm(dim=1).clamp_min(1e-12)
    vector = matrix[0].clone()

    def query(x):
        return torch.topk(x @ vector / norms, k)

    answer["sparse"] = {"seconds": median_seconds(lambda: query(sparse), device)}
    dense = median_seconds(lambda: query(matrix), device)
    answer["dense"] = {"seconds": dense, "bytes": matrix.numel() * 4, "gigabytes_per_second": matrix.numel() * 4 / dense / 1e9}
    if device.type == "cuda":
        other = torch.empty_like(matrix)
        copied = median_seconds(lambda: other.copy_(matrix), device, 10)
        answer["copy_gigabytes_per_second"] = 2 * matrix.numel() * 4 / copied / 1e9
        begin = time.perf_counter()
        matrix.cpu()
        answer["transfer_seconds"] = time.perf_counter() - begin
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
