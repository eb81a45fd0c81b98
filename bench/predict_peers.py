"""The peers of bench/predict.py, on the weights of a run folder: ONNX Runtime and PyTorch."""
import os
import time

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file


def layers(path, widths):
    """(weight [in, out], bias) of every dense layer, in order."""
    tensors = load_file(path)
    weights = [name for name in tensors if name.endswith(".weight")]
    found = []
    for name in sorted(weights, key=lambda n: int(n.split(".")[0].rsplit("_", 1)[1])):
        found.append((tensors[name], tensors[name.replace(".weight", ".bias")]))
    if [w.shape for w, _ in found] != list(zip(widths, widths[1:])):
        raise SystemExit(f"{path}: not the layers {widths}")
    return found


def export(found, batch, path):
    """Gemm and Relu in turn, Softmax at the end."""
    nodes, constants, x = [], [], "x"
    for i, (weight, bias) in enumerate(found):
        constants += [numpy_helper.from_array(weight, f"w{i}"), numpy_helper.from_array(bias, f"b{i}")]
        nodes.append(helper.make_node("Gemm", [x, f"w{i}", f"b{i}"], [f"h{i}"]))
        last = i + 1 == len(found)
        x = "y" if last else f"a{i}"
        nodes.append(helper.make_node("Softmax" if last else "Relu", [f"h{i}"], [x]))
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, width])
            for name, width in (("x", found[0][0].shape[0]), ("y", found[-1][0].shape[1]))]
    model = helper.make_model(helper.make_graph(nodes, "network", info[:1], info[1:], constants),
                              opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


class Peer:
    """Calls `self.call(i)` for batch i of the inputs."""

    def scores(self):
        return np.stack([self.call(i).numpy() for i in range(len(self.inputs))])

    def time(self, calls, cpu):
        now = time.process_time_ns if cpu else time.perf_counter_ns
        microseconds = []
        for i in range(calls + 1):
            batch = i % len(self.inputs)
            begin = now()
            self.call(batch)
            microseconds.append((now() - begin) / 1000)
        return microseconds[1:]


class OnnxRuntime(Peer):
    """Inputs and output bound beforehand, which is its fastest call."""

    def __init__(self, path, inputs, threads, spinning):
        self.inputs = inputs
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spinning else "0")
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.output = onnxruntime.OrtValue.ortvalue_from_numpy(
            np.zeros((inputs.shape[1], self.session.get_outputs()[0].shape[1]), np.float32))
        self.values = [onnxruntime.OrtValue.ortvalue_from_numpy(batch) for batch in inputs]
        self.bindings = []
        for value in self.values:
            binding = self.session.io_binding()
            binding.bind_ortvalue_input("x", value)
            binding.bind_ortvalue_output("y", self.output)
            self.bindings.append(binding)

    def call(self, i):
        self.session.run_with_iobinding(self.bindings[i])
        return self.output

    def scores(self):
        return np.stack([self.call(i).numpy().copy() for i in range(len(self.inputs))])


class Torch(Peer):
    def __init__(self, found, inputs, threads):
        self.inputs, self.threads = [torch.from_numpy(batch) for batch in inputs], threads
        modules = []
        for weight, bias in found:
            dense = torch.nn.Linear(*weight.shape)
            with torch.no_grad():
                dense.weight.copy_(torch.from_numpy(weight.T.copy()))
                dense.bias.copy_(torch.from_numpy(bias))
            modules += [dense, torch.nn.ReLU()]
        self.model = torch.nn.Sequential(*modules[:-1], torch.nn.Softmax(dim=1)).eval()

    def call(self, i):
        with torch.inference_mode():
            return self.model(self.inputs[i])

    def time(self, calls, cpu):
        torch.set_num_threads(self.threads)
        return super().time(calls, cpu)


def sides(weights, widths, inputs, threads, work):
    found = layers(weights, widths)
    path = os.path.join(work, "model.onnx")
    export(found, inputs.shape[1], path)
    return {"ONNX Runtime": OnnxRuntime(path, inputs, threads, True),
            "ONNX Runtime, no spinning": OnnxRuntime(path, inputs, threads, False),
            "PyTorch eager": Torch(found, inputs, threads)}
