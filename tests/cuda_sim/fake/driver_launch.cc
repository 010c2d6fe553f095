// The fake driver: modules, launches and graphs.
#include <algorithm>
#include <cstring>
#include <random>

#include "tests/cuda_sim/fake/driver.h"

namespace sinter::cuda_sim {
namespace {

std::string words(const LaunchRequest& request) {
  const auto& [grid, block, shared_bytes] = request.geometry;
  std::string text = fmt::format("{}, grid {} {} {}, block {} {} {}, shared {}", request.function->facts.name, grid.x,
                                 grid.y, grid.z, block.x, block.y, block.z, shared_bytes);
  for (const std::vector<std::byte>& parameter : request.parameters) {
    unsigned long long value = 0;
    std::memcpy(&value, parameter.data(), std::min(parameter.size(), sizeof value));
    text += fmt::format(", {:#x}", value);
  }
  return text;
}

LaunchRequest request_of(FakeFunction* function, const Geometry& geometry, void* const* parameters) {
  LaunchRequest request{.function = function, .geometry = geometry, .parameters = {}};
  for (size_t i = 0; i < function->parameter_bytes.size(); ++i) {
    const auto* value = static_cast<const std::byte*>(parameters[i]);
    request.parameters.emplace_back(value, value + function->parameter_bytes[i]);
  }
  return request;
}

LaunchRequest request_of(const KernelNodeParams& node) {
  return request_of(node.function,
                    {.grid = {node.grid_x, node.grid_y, node.grid_z},
                     .block = {node.block_x, node.block_y, node.block_z},
                     .shared_bytes = node.shared_bytes},
                    node.parameters);
}

void check(const LaunchRequest& request) {
  const FakeFunction& function = *request.function;
  check_geometry(function.facts.name, function.facts.max_threads, request.geometry, function.limits);
}

void run(const LaunchRequest& request) {
  FakeModule& module = *request.function->module;
  if (module.code == nullptr) return;
  std::vector<std::vector<std::byte>> values = request.parameters;
  std::vector<void*> pointers;
  for (std::vector<std::byte>& value : values) pointers.push_back(value.data());
  Driver& driver = fake_driver();
  Order order = driver.settings.order;
  order.seed += driver.order_seed++;
  DeviceMemory& memory = module.context->memory;
  const DeviceMemory::Opened open(memory);
  launch(*module.code, request.function->facts.name, request.geometry, pointers, memory.regions(), order,
         request.function->limits);
}

// Some order of the nodes that keeps what must come before each: another one for each Order.
std::vector<size_t> arranged(const FakeGraphExec& graph, const Order& order, std::mt19937_64& random) {
  std::vector<size_t> list;
  std::vector<bool> done(graph.launches.size());
  while (list.size() < graph.launches.size()) {
    std::vector<size_t> ready;
    for (size_t i = 0; i < done.size(); ++i)
      if (!done[i] && std::ranges::all_of(graph.after[i], [&](size_t before) { return done[before]; }))
        ready.push_back(i);
    size_t pick = ready.front();
    if (order.kind == Order::Kind::kDescending) pick = ready.back();
    if (order.kind == Order::Kind::kRandom) pick = ready[random() % ready.size()];
    done[pick] = true;
    list.push_back(pick);
  }
  return list;
}

}  // namespace

int request_launch(const LaunchRequest& request) {
  check(request);
  fake_driver().enqueue([request] { run(request); });
  return kSuccess;
}

}  // namespace sinter::cuda_sim

using namespace sinter::cuda_sim;

extern "C" {

int cuModuleLoadData(FakeModule** module, const void* data) {
  return call(Needs::kContext, "cuModuleLoadData", "", [&](Driver& driver) {
    std::optional<Image> image = unpack(data);
    if (!image) return kInvalidImage;
    if (image->arch / 10 != driver.settings.arch / 10 || image->arch > driver.settings.arch) return kNoBinary;
    auto made = std::make_unique<FakeModule>(FakeModule{current_context(), std::move(*image), nullptr, {}});
    if (driver.settings.execute) {
      if (made->image.object.empty()) return kInvalidImage;
      made->code = std::make_unique<Module>(made->image.object);
    }
    *module = driver.modules.add(std::move(made));
    return kSuccess;
  });
}

int cuModuleLoadDataEx(FakeModule** module, const void* data, unsigned, int*, void**) {
  return cuModuleLoadData(module, data);
}

int cuModuleUnload(FakeModule* module) {
  return call(Needs::kContext, "cuModuleUnload", "", [&](Driver& driver) {
    driver.run_all();
    return driver.modules.remove(module) ? kSuccess : kInvalidHandle;
  });
}

int cuModuleGetFunction(FakeFunction** function, FakeModule* module, const char* name) {
  return call(Needs::kContext, "cuModuleGetFunction", name, [&](Driver& driver) {
    if (!driver.modules.has(module)) return kInvalidHandle;
    const std::vector<GlobalFunction> all = global_functions(module->image.text);
    const auto found = std::ranges::find(all, name, &GlobalFunction::name);
    if (found == all.end()) return kNotFound;
    auto made = std::make_unique<FakeFunction>(FakeFunction{module, *found, {}, {}});
    made->limits.opted_in = maximum_shared(driver.settings.arch);
    constexpr unsigned kParameter = 8;  // unless the compiled kernel knows better
    made->parameter_bytes.assign(static_cast<size_t>(found->parameters), kParameter);
    if (module->code != nullptr) {
      const SimKernel* kernel = module->code->find(name);
      made->parameter_bytes.assign(kernel->parameter_bytes, kernel->parameter_bytes + kernel->parameters);
    }
    *function = made.get();
    module->functions.push_back(std::move(made));
    return kSuccess;
  });
}

int cuFuncSetAttribute(FakeFunction* function, int attribute, int value) {
  return call(Needs::kContext, "cuFuncSetAttribute", fmt::format("{}, {}, {}", function->facts.name, attribute, value),
              [&](Driver&) {
                constexpr int kMaxDynamicShared = 8;
                if (attribute != kMaxDynamicShared) return kSuccess;
                if (value < 0 || static_cast<size_t>(value) > function->limits.opted_in) return kInvalidValue;
                function->limits.shared_bytes = static_cast<size_t>(value);
                return kSuccess;
              });
}

int cuFuncGetAttribute(int* value, int, FakeFunction*) {
  *value = 0;
  return kSuccess;
}

int cuLaunchKernel(FakeFunction* function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned shared_bytes, FakeStream*, void** parameters, void**) {
  const LaunchRequest request = request_of(
      function, {.grid = {grid_x, grid_y, grid_z}, .block = {block_x, block_y, block_z}, .shared_bytes = shared_bytes},
      parameters);
  return call(Needs::kContext, "cuLaunchKernel", words(request), [&](Driver&) { return request_launch(request); });
}

int cuGraphCreate(FakeGraph** graph, unsigned flags) {
  return call(Needs::kContext, "cuGraphCreate", fmt::format("{}", flags), [&](Driver& driver) {
    *graph = driver.graphs.add(std::make_unique<FakeGraph>());
    return kSuccess;
  });
}

int cuGraphDestroy(FakeGraph* graph) {
  return call(Needs::kContext, "cuGraphDestroy", "",
              [&](Driver& driver) { return driver.graphs.remove(graph) ? kSuccess : kInvalidHandle; });
}

int cuGraphAddKernelNode_v2(FakeNode** node, FakeGraph* graph, FakeNode* const* after, size_t count,
                            const KernelNodeParams* params) {
  const LaunchRequest request = request_of(*params);
  return call(Needs::kContext, "cuGraphAddKernelNode_v2", fmt::format("after {}: {}", count, words(request)),
              [&](Driver& driver) {
                if (!driver.graphs.has(graph)) return kInvalidHandle;
                check(request);
                auto made = std::make_unique<FakeNode>(FakeNode{request, {}});
                if (count > 0) made->after.assign(after, after + count);
                *node = made.get();
                graph->nodes.push_back(std::move(made));
                return kSuccess;
              });
}

int cuGraphInstantiateWithFlags(FakeGraphExec** made, FakeGraph* graph, unsigned long long flags) {
  return call(Needs::kContext, "cuGraphInstantiateWithFlags", fmt::format("{}", flags), [&](Driver& driver) {
    if (!driver.graphs.has(graph)) return kInvalidHandle;
    auto executable = std::make_unique<FakeGraphExec>();
    for (const auto& node : graph->nodes) {
      executable->after.emplace_back();
      for (const FakeNode* before : node->after) {
        const auto found = std::ranges::find(executable->origin, before);
        if (found == executable->origin.end()) return kInvalidValue;
        executable->after.back().push_back(static_cast<size_t>(found - executable->origin.begin()));
      }
      executable->origin.push_back(node.get());
      executable->launches.push_back(node->launch);
    }
    *made = driver.executables.add(std::move(executable));
    return kSuccess;
  });
}

int cuGraphExecKernelNodeSetParams_v2(FakeGraphExec* graph, FakeNode* node, const KernelNodeParams* params) {
  const LaunchRequest request = request_of(*params);
  return call(Needs::kContext, "cuGraphExecKernelNodeSetParams_v2", words(request), [&](Driver& driver) {
    if (!driver.executables.has(graph)) return kInvalidHandle;
    const auto found = std::ranges::find(graph->origin, node);
    if (found == graph->origin.end()) return kInvalidValue;
    check(request);
    graph->launches[static_cast<size_t>(found - graph->origin.begin())] = request;
    return kSuccess;
  });
}

int cuGraphLaunch(FakeGraphExec* graph, FakeStream*) {
  return call(Needs::kContext, "cuGraphLaunch", "", [&](Driver& driver) {
    if (!driver.executables.has(graph)) return kInvalidHandle;
    std::mt19937_64 random(driver.settings.order.seed + driver.order_seed++);
    for (const size_t i : arranged(*graph, driver.settings.order, random)) {
      const int code = request_launch(graph->launches[i]);
      if (code != 0) return static_cast<Code>(code);
    }
    return kSuccess;
  });
}

int cuGraphExecDestroy(FakeGraphExec* graph) {
  return call(Needs::kContext, "cuGraphExecDestroy", "",
              [&](Driver& driver) { return driver.executables.remove(graph) ? kSuccess : kInvalidHandle; });
}

}  // extern "C"
