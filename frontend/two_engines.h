// One function with its arguments, ready to be run in either engine: what benchmarks and contrasts measure.
#pragma once

#include <functional>
#include <memory>
#include <tuple>
#include <vector>

#include "frontend/jit.h"

namespace sinter {

struct TwoEngines {
  std::function<void()> run_static, run_dynamic;
  std::function<void()> compile;                 // traces and compiles for the next static run
  std::function<std::vector<Tensor>()> results;  // of the last run, if the function returns tensors
  std::function<std::vector<Tensor>()> cells;    // that compiled runs read or write
  std::function<JitStats()> stats;
};

// `arguments(i)` is the tuple of arguments of run i, counted for each engine from 0.
template <class F, class Arguments>
[[nodiscard]] TwoEngines two_engines_over(F f, Arguments arguments) {
  using Tuple = std::invoke_result_t<Arguments, int64_t>;
  using Result = decltype(std::apply(f, std::declval<Tuple>()));
  struct State {
    F f;
    Arguments arguments;
    Jitted<F> compiled;
    Result result{};
    int64_t static_runs = 0, dynamic_runs = 0;
  };
  const auto state = std::make_shared<State>(State{f, std::move(arguments), jit(std::move(f))});
  return {
      .run_static = [state] { state->result = std::apply(state->compiled, state->arguments(state->static_runs++)); },
      .run_dynamic = [state] { state->result = std::apply(state->f, state->arguments(state->dynamic_runs++)); },
      .compile =
          [state] {
            std::apply([&](const auto&... each) { state->compiled.compile(each...); },
                       state->arguments(state->static_runs));
          },
      .results =
          [state] {
            std::vector<detail::Ref<detail::Impl>> impls;
            Result copy = state->result;
            detail::CollectResults collect{impls};
            detail::visit_leaves(copy, collect);
            std::vector<Tensor> tensors;
            for (const auto& impl : impls) tensors.emplace_back(impl);
            return tensors;
          },
      .cells = [state] { return state->compiled.cells(); },
      .stats = [state] { return state->compiled.stats(); },
  };
}

// The same arguments in every run.
template <class F, class... A>
[[nodiscard]] TwoEngines two_engines(F f, A... arguments) {
  return two_engines_over(std::move(f),
                          [all = std::tuple<A...>(std::move(arguments)...)](int64_t) -> const auto& { return all; });
}

}  // namespace sinter
