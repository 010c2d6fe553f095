#include "frontend/autograd.h"

#include "frontend/apply.h"

namespace sinter {
namespace {

detail::BackwardOptions to_detail(BackwardOptions options) { return {options.retain_graph, options.create_graph}; }

void require_gradient(const Tensor& root, const char* name) {
  detail::require_float(root, name, 1);
  if (root.requires_grad()) return;
  if (root.impl()->cut_by != nullptr) detail::report_cut(*root.impl()->cut_by);
  throw GraphError(fmt::format("{}: the tensor does not depend on any that requires a gradient", name),
                   "call requires_grad_() on the leaves before computing it, outside no_grad");
}

// Ones of the root's type where no seed was given; a scalar root needs none while tracing.
Tensor checked_seed(const Tensor& root, const Tensor& gradient, const char* name) {
  if (gradient.defined()) {
    if (gradient.shape() != root.shape())
      throw ShapeError(fmt::format("{}: argument 2, the seed, has shape {}, expected {}", name,
                                   to_string(gradient.shape()), to_string(root.shape())));
    // A handle stands for what the cell holds now, in its place on the tape.
    const Tensor seed = gradient.is_cell() ? gradient.reshape(gradient.shape()) : gradient;
    return detail::converted(seed, root.dtype());
  }
  if (root.numel() != 1)
    throw GraphError(fmt::format("{}: the tensor has shape {}, expected one element", name, to_string(root.shape())),
                     "reduce it with sum() or mean(), or give backward(gradient) a seed of its shape");
  const Tensor one = detail::number_beside(root, 1.0, root.dtype());
  return detail::broadcast_to(one, root.shape(), name);
}

void run_backward(const Tensor& root, const Tensor& gradient, BackwardOptions options) {
  detail::require_defined(root, "backward", 1);
  require_gradient(root, "backward");
  const Tensor seed = checked_seed(root, gradient, "backward");
  if (detail::Trace::current() != nullptr || detail::is_traced(root))
    detail::require_trace(std::array{root.impl()}).backward(root.impl(), seed.impl(), to_detail(options));
  else
    detail::backward(root.impl(), seed.impl(), to_detail(options));
}

}  // namespace

void Tensor::backward(BackwardOptions options, At at) const {
  const detail::CallScope location(at);
  run_backward(*this, {}, options);
}

void Tensor::backward(const Tensor& gradient, BackwardOptions options, At at) const {
  const detail::CallScope location(at);
  detail::require_defined(gradient, "backward", 2);
  run_backward(*this, gradient, options);
}

void backward(const Tensor& root, BackwardOptions options, At at) {
  const detail::CallScope location(at);
  run_backward(root, {}, options);
}

std::vector<Tensor> gradients(const Tensor& of, std::span<const Tensor> with_respect_to, BackwardOptions options,
                              At at) {
  const detail::CallScope location(at);
  detail::require_defined(of, "gradients", 1);
  require_gradient(of, "gradients");
  const Tensor seed = checked_seed(of, {}, "gradients");
  std::vector<detail::Ref<detail::Impl>> targets;
  for (size_t i = 0; i < with_respect_to.size(); ++i) {
    const Tensor& target = with_respect_to[i];
    detail::require_defined(target, "gradients", 2);
    if (!target.requires_grad())
      throw GraphError(fmt::format("gradients: tensor {} of argument 2, of shape {}, does not require a gradient", i,
                                   to_string(target.shape())),
                       "call requires_grad_() on it before computing with it");
    targets.push_back(target.impl());
  }
  const auto found =
      detail::Trace::current() != nullptr || detail::is_traced(of)
          ? detail::require_trace(std::array{of.impl()}).gradients(of.impl(), seed.impl(), targets, to_detail(options))
          : detail::gradients(of.impl(), seed.impl(), targets, to_detail(options));
  std::vector<Tensor> gradients;
  for (const auto& impl : found) gradients.emplace_back(impl);
  return gradients;
}

namespace detail {

Tensor marked_argument(const Tensor& x, int position, At at) {
  const CallScope location(at);
  require_float(x, "grad", position);
  if (Trace* trace = Trace::current()) return Tensor(trace->marked(x.impl()));
  return Tensor(marked(x.impl()));
}

bool depends_on_more(const Tensor& value, std::span<const Tensor> marked) {
  if (!value.defined()) return false;
  std::vector<Ref<Impl>> marks;
  for (const Tensor& mark : marked) marks.push_back(mark.impl());
  if (Trace* trace = Trace::current()) return trace->depends_on_others(value.impl(), marks);
  return depends_on_others(value.impl(), marks);
}

std::vector<Tensor> gradients_of_result(const Tensor& of, std::span<const Tensor> marked, bool create_graph, At at) {
  const CallScope location(at);
  if (!of.defined()) throw ValueError("grad: the function's result is an undefined tensor, expected one element");
  if (of.numel() != 1)
    throw GraphError(
        fmt::format("grad: the function's result has shape {}, expected one element", to_string(of.shape())),
        "reduce it with sum() or mean()");
  std::vector<Tensor> found(marked.size());
  if (of.requires_grad()) found = gradients(of, marked, {.create_graph = create_graph});
  for (size_t i = 0; i < found.size(); ++i)
    if (!found[i].defined())
      found[i] = broadcast_to(number_beside(marked[i], 0.0, marked[i].dtype()), marked[i].shape(), "grad");
  return found;
}

}  // namespace detail
}  // namespace sinter
