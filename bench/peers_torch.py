"""PyTorch's side of bench/peers.py: the suite's workloads in its forms eager, fused (eager with fused Adam) and compile.

Speaks the protocol of `bench --serve` (bench/measure.h) on standard input and output. THREADS: how many to use.
"""
import logging
import os

import torch
import torch.nn.functional as F

from peers_protocol import serve

torch.set_num_threads(int(os.environ["THREADS"]))
torch._logging.set_logs(all=logging.ERROR)


def mlp(batch, pixels=784):
    torch.manual_seed(0)
    images, labels = torch.rand(batch, pixels), torch.randint(0, 10, (batch,))

    def step_of(form):
        net = torch.nn.Sequential(
            torch.nn.Linear(pixels, 128), torch.nn.ReLU(), torch.nn.Linear(128, 64), torch.nn.ReLU(),
            torch.nn.Linear(64, 10))
        adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True if form == "fused" else None)

        def step():
            adam.zero_grad()
            loss = F.cross_entropy(net(images), labels)
            loss.backward()
            adam.step()
            return loss

        return torch.compile(step) if form == "compile" else step

    return ("eager", "fused", "compile"), step_of


def regression():
    x = torch.tensor([[1.0], [2.0], [3.0], [4.0], [5.0]])
    y = 2 * x + 1

    def step_of(form):
        line = torch.nn.Linear(1, 1)
        sgd = torch.optim.SGD(line.parameters(), lr=0.01)

        def step():
            sgd.zero_grad()
            loss = F.mse_loss(line(x), y)
            loss.backward()
            sgd.step()
            return loss

        return torch.compile(step) if form == "compile" else step

    return ("eager", "compile"), step_of


def forward(function, *arguments):
    def run_of(form):
        called = torch.compile(function) if form == "compile" else function
        return lambda: called(*arguments)

    return ("eager", "compile"), run_of


def relu_chain(n):
    return forward(lambda x, a: torch.relu(x * a + 0.5) * 2.0 - a, torch.randn(n), torch.randn(n))


def tanh_sigmoid_chain(n):
    return forward(lambda x, a: torch.tanh(x * a + 0.5) * torch.sigmoid(x) - a, torch.randn(n), torch.randn(n))


def gelu_chain(*shape):
    return forward(lambda x: 0.5 * x * (1 + torch.tanh(0.7978845608 * (x + 0.044715 * x * x * x))), torch.randn(*shape))


def softmax(rows, columns):
    return forward(lambda x: torch.softmax(x, 1), torch.randn(rows, columns))


def softmax_cross_entropy(rows, columns):
    x, labels = torch.randn(rows, columns, requires_grad=True), torch.randint(0, columns, (rows,))

    def run_of(form):
        loss_of = torch.compile(F.cross_entropy) if form == "compile" else F.cross_entropy

        def run():
            x.grad = None
            loss = loss_of(x, labels)
            loss.backward()
            return loss

        return run

    return ("eager", "compile"), run_of


def layer_norm(rows, columns):
    x, seed = torch.randn(rows, columns, requires_grad=True), torch.randn(rows, columns)
    weight, bias = torch.ones(columns, requires_grad=True), torch.zeros(columns, requires_grad=True)

    def normalised(x, weight, bias):
        return F.layer_norm(x, (columns,), weight, bias)

    def run_of(form):
        function = torch.compile(normalised) if form == "compile" else normalised

        def run():
            x.grad = weight.grad = bias.grad = None
            y = function(x, weight, bias)
            y.backward(seed)
            return y

        return run

    return ("eager", "compile"), run_of


def product(m, k, n):
    a, b = torch.randn(m, k), torch.randn(k, n)
    return ("eager",), lambda form: lambda: a @ b  # torch.compile calls the same library


def call():
    a, b = torch.ones(1), torch.ones(1)
    return forward(lambda x, y: x + y, a, b)


FAMILIES = {
    "mlp": mlp, "regression": regression, "relu": relu_chain, "tanh": tanh_sigmoid_chain, "gelu": gelu_chain,
    "softmax": softmax, "softmax_ce": softmax_cross_entropy, "layer_norm": layer_norm, "gemm": product, "call": call,
}

if __name__ == "__main__":
    serve(FAMILIES)
