"""JAX's side of bench/peers.py: the suite's workloads under jax.jit, what a training step replaces donated.

Speaks the protocol of `bench --serve` (bench/measure.h) on standard input and output.
"""
import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np
import optax

from peers_protocol import serve


def normal(*shape):
    return jnp.asarray(np.random.default_rng(0).standard_normal(shape, dtype=np.float32))


def compiled(function, *arguments):
    function = jax.jit(function)
    return ("jit",), lambda form: lambda: jax.block_until_ready(function(*arguments))


def trained(step, state):
    """step(state) -> (new state, loss), compiled, its state donated."""
    step = jax.jit(step, donate_argnums=0)
    holder = [state]

    def run():
        holder[0], loss = step(holder[0])
        return loss.block_until_ready()

    return ("jit",), lambda form: run


def mlp(batch, pixels=784):
    rng = np.random.default_rng(0)
    images, labels = jnp.asarray(rng.random((batch, pixels), np.float32)), jnp.asarray(rng.integers(0, 10, batch))
    sizes = (pixels, 128, 64, 10)
    weights = [(normal(a, b) / a**0.5, jnp.zeros(b)) for a, b in zip(sizes, sizes[1:])]
    adam = optax.adam(1e-3)

    def loss_of(weights):
        x = images
        for w, b in weights[:-1]:
            x = jax.nn.relu(x @ w + b)
        w, b = weights[-1]
        return optax.softmax_cross_entropy_with_integer_labels(x @ w + b, labels).mean()

    def step(state):
        weights, moments = state
        loss, gradients = jax.value_and_grad(loss_of)(weights)
        updates, moments = adam.update(gradients, moments, weights)
        return (optax.apply_updates(weights, updates), moments), loss

    return trained(step, (weights, adam.init(weights)))


def regression():
    x = jnp.asarray([[1.0], [2.0], [3.0], [4.0], [5.0]])
    y = 2 * x + 1

    def step(line):
        loss, gradients = jax.value_and_grad(lambda p: ((x @ p[0] + p[1] - y) ** 2).mean())(line)
        return jax.tree.map(lambda p, g: p - 0.01 * g, line, gradients), loss

    return trained(step, (jnp.ones((1, 1)), jnp.zeros(1)))


def relu_chain(n):
    return compiled(lambda x, a: jax.nn.relu(x * a + 0.5) * 2.0 - a, normal(n), normal(n))


def tanh_sigmoid_chain(n):
    return compiled(lambda x, a: jnp.tanh(x * a + 0.5) * jax.nn.sigmoid(x) - a, normal(n), normal(n))


def gelu_chain(*shape):
    return compiled(lambda x: 0.5 * x * (1 + jnp.tanh(0.7978845608 * (x + 0.044715 * x * x * x))), normal(*shape))


def softmax(rows, columns):
    return compiled(lambda x: jax.nn.softmax(x, 1), normal(rows, columns))


def softmax_cross_entropy(rows, columns):
    labels = jnp.asarray(np.random.default_rng(1).integers(0, columns, rows))

    def loss_of(x, labels):
        return optax.softmax_cross_entropy_with_integer_labels(x, labels).mean()

    return compiled(jax.value_and_grad(loss_of), normal(rows, columns), labels)


def layer_norm(rows, columns):
    def normalised(x, weight, bias):
        centred = x - x.mean(1, keepdims=True)
        return centred * jax.lax.rsqrt((centred**2).mean(1, keepdims=True) + 1e-5) * weight + bias

    def both(x, weight, bias, seed):
        y, pullback = jax.vjp(normalised, x, weight, bias)
        return y, pullback(seed)

    return compiled(both, normal(rows, columns), jnp.ones(columns), jnp.zeros(columns), normal(rows, columns))


def product(m, k, n):
    return compiled(lambda a, b: a @ b, normal(m, k), normal(k, n))


def call():
    return compiled(lambda x, y: x + y, jnp.ones(1), jnp.ones(1))


FAMILIES = {
    "mlp": mlp, "regression": regression, "relu": relu_chain, "tanh": tanh_sigmoid_chain, "gelu": gelu_chain,
    "softmax": softmax, "softmax_ce": softmax_cross_entropy, "layer_norm": layer_norm, "gemm": product, "call": call,
}

if __name__ == "__main__":
    serve(FAMILIES)
