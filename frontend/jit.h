// jit(f): the same function as a static graph, traced and compiled once per signature.
#pragma once

#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <typeindex>

#include "driver/compile.h"
#include "frontend/leaves.h"
#include "frontend/trace.h"

namespace sinter {

struct JitOptions {
  bool keep_grads = false;  // gradients made inside stay readable by grad() after the call
  // Signatures kept compiled. A further one takes the place of the one used longest ago, which is compiled anew when it
  // comes again; the first time that happens is reported on stderr.
  size_t cache_size_limit = 64;
  std::string name = "jit";
  At at = {};  // where the function was made: the line of errors that no operation inside it stands for
};

struct JitStats {
  size_t compilations = 0;                // one a signature, and one more where it had been dropped
  size_t dropped = 0;                     // signatures that made room for others
  std::vector<std::string> explanations;  // what differed, for each compilation but the first; of the last 64
  double trace_ms = 0, compile_ms = 0;    // of all compilations
  size_t operations = 0;                  // in the graph last traced
  driver::CompileStats code;              // of the program last compiled: kernels, launches, barriers, bytes
};

namespace detail {

struct JitEntry;

// One call's arguments, flat. Lives in memory of the thread that later calls use again.
struct JitCall {
  std::vector<Ref<Impl>> arguments;
  std::vector<Fixed> fixed;
  std::vector<Ref<Impl>> outputs;  // one a result tensor
  std::vector<Ref<Impl>> temporaries;
  std::vector<void*> input_memory, output_memory;
  void clear();
};
class JitCallScope {
 public:
  JitCallScope();
  ~JitCallScope();
  JitCallScope(const JitCallScope&) = delete;
  JitCallScope& operator=(const JitCallScope&) = delete;
  JitCall& call;
};

// What is the same for every function: signatures, traces, compiled entries.
class JitCore {
 public:
  explicit JitCore(JitOptions options);
  ~JitCore();
  // Runs the entry for this call, tracing first where there is none. `trace` calls the function on traced arguments: it
  // gives the result's tensors and an object from which results are made. Returns that object.
  using TraceFunction =
      std::function<std::shared_ptr<void>(std::span<const Ref<Impl>> arguments, std::vector<Ref<Impl>>& results)>;
  std::shared_ptr<const void> run(JitCall& call, std::type_index types, const TraceFunction& trace);
  // Only the first half: afterwards there is an entry.
  void compile(const JitCall& call, std::type_index types, const TraceFunction& trace);
  [[nodiscard]] std::vector<Tensor> cells() const;
  [[nodiscard]] JitStats stats() const;
  [[nodiscard]] std::vector<std::string> texts(bool as_dot) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct CollectArguments {
  JitCall& call;
  void tensor(const Tensor& x) { call.arguments.push_back(x.impl()); }
  template <class T>
  void fixed(const T& value) {
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      call.fixed.emplace_back(std::string_view(value));
    } else {
      static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(uint64_t),
                    "Static<T>: T is a number, an enum or a string");
      uint64_t bits = 0;
      std::memcpy(&bits, &value, sizeof(T));
      call.fixed.emplace_back(bits);
    }
  }
};

struct ReplaceTensors {  // in order
  std::span<const Ref<Impl>> with;
  size_t next = 0;
  void tensor(Tensor& x) { x = Tensor(with[next++]); }
  template <class T>
  void fixed(const T&) {}
};

struct CollectResults {
  std::vector<Ref<Impl>>& results;
  void tensor(Tensor& x) {
    results.push_back(x.impl());
    x = Tensor();
  }
  template <class T>
  void fixed(const T&) {}
};

// A call of a jitted function: what cannot be traced fails here, in words.
template <class F, class... A>
struct TracedCall {
  static_assert((Walkable<A>::value && ...));
  static constexpr bool kConst = std::is_invocable_v<const F&, const A&...>;
  static constexpr bool kMutable = !kConst && std::is_invocable_v<F&, const A&...>;
  static constexpr bool kWrites = !kConst && !kMutable && std::is_invocable_v<F&, A&...>;
  static_assert(
      !kMutable,
      "jit: the function changes what it holds (a mutable lambda, or an operator() that is not const), but its "
      "body runs only while it is traced: keep what changes in a cell (variable(x), written by set)");
  static_assert(!kWrites,
                "jit: the function takes an argument by reference that is not const: take it by value or by const "
                "reference, and return what changes or write a cell");
  static_assert(kConst || kMutable || kWrites,
                "jit: the function cannot be called with these arguments: their number or a type differs");
  using Result = std::decay_t<
      typename std::conditional_t<kConst, std::invoke_result<const F&, const A&...>, std::type_identity<void>>::type>;
  static_assert(std::is_void_v<Result> || Walkable<std::conditional_t<std::is_void_v<Result>, Tensor, Result>>::value);
};

}  // namespace detail

template <class F>
class Jitted {
 public:
  Jitted(F f, JitOptions options) : f_(std::move(f)), core_(std::make_shared<detail::JitCore>(std::move(options))) {}

  // Calls may be made from several threads; those that write a common cell take turns. Inside another jitted function f
  // becomes a part of that.
  template <class... A>
  auto operator()(const A&... arguments) const {
    using Result = typename detail::TracedCall<F, A...>::Result;
    if (detail::Trace::current() != nullptr) return f_(arguments...);
    const detail::JitCallScope scope;
    detail::JitCall& call = scope.call;
    [[maybe_unused]] detail::CollectArguments collect{call};
    (detail::visit_leaves(arguments, collect), ...);
    const auto trace = tracer(arguments...);
    // By reference, so that std::function takes it without allocating.
    [[maybe_unused]] const std::shared_ptr<const void> prototype =
        core_->run(call, typeid(std::tuple<A...>), std::ref(trace));
    if constexpr (!std::is_void_v<Result>) {
      Result result = *static_cast<const Result*>(prototype.get());
      detail::ReplaceTensors fill{call.outputs};
      detail::visit_leaves(result, fill);
      return result;
    }
  }

  // Traces and compiles for calls with such arguments, without running.
  template <class... A>
  void compile(const A&... arguments) const {
    const detail::JitCallScope scope;
    [[maybe_unused]] detail::CollectArguments collect{scope.call};
    (detail::visit_leaves(arguments, collect), ...);
    const auto trace = tracer(arguments...);
    core_->compile(scope.call, typeid(std::tuple<A...>), std::ref(trace));
  }

  [[nodiscard]] JitStats stats() const { return core_->stats(); }
  // Handles of the cells that compiled calls read or write, each once.
  [[nodiscard]] std::vector<Tensor> cells() const { return core_->cells(); }
  // The traced graphs, one a signature: as IR text, and for Graphviz.
  [[nodiscard]] std::vector<std::string> graphs() const { return core_->texts(false); }
  [[nodiscard]] std::vector<std::string> to_dot() const { return core_->texts(true); }

 private:
  // What calls f on traced tensors in place of those of the arguments, which must outlive it.
  template <class... A>
  auto tracer(const A&... arguments) const {
    using Result = typename detail::TracedCall<F, A...>::Result;
    return [&](std::span<const detail::Ref<detail::Impl>> traced,
               std::vector<detail::Ref<detail::Impl>>& results) -> std::shared_ptr<void> {
      std::tuple<A...> copies(arguments...);
      [[maybe_unused]] detail::ReplaceTensors replace{traced};
      std::apply([&](auto&... copy) { (detail::visit_leaves(copy, replace), ...); }, copies);
      if constexpr (std::is_void_v<Result>) {
        std::apply(f_, copies);
        return nullptr;
      } else {
        auto made = std::make_shared<Result>(std::apply(f_, copies));
        detail::CollectResults take{results};
        detail::visit_leaves(*made, take);
        return made;
      }
    };
  }

  F f_;
  std::shared_ptr<detail::JitCore> core_;
};

template <class F>
[[nodiscard]] Jitted<std::decay_t<F>> jit(F&& f, JitOptions options = {}, At at = At::current()) {
  static_assert(std::is_constructible_v<std::decay_t<F>, F>,
                "jit: the function cannot be copied (a module, for one): jit([&](const Tensor& x) { return net(x); }) "
                "captures it by reference");
  options.at = at;
  return Jitted<std::decay_t<F>>(std::forward<F>(f), std::move(options));
}

}  // namespace sinter
