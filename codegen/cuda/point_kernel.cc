// One thread an outer point, or `unroll` neighbouring points of one range with vector loads and stores.
#include <algorithm>

#include "codegen/cuda/helpers.h"
#include "codegen/cuda/neighbours.h"
#include "codegen/cuda/serial_pass.h"
#include "codegen/cuda/skeletons.h"
#include "ir/loops/walk.h"

namespace sinter::codegen::cuda {

using loops::Kernel;

namespace {

constexpr int64_t kMaxBlocks = 4096;  // enough to fill any device; then threads take several shares

}  // namespace

void write_point_kernel(PointWriter& writer, const std::string& symbol) {
  const Kernel& kernel = writer.kernel();
  Writer& out = writer.out;
  const int threads = kernel.schedule.threads, width = kernel.schedule.unroll;
  const auto vector = static_cast<size_t>(std::max(0, kernel.schedule.vector));
  // Shares: outer points, those of the vector range `width` at a time.
  std::vector<Dim> dims = kernel.outer;
  invariant(width == 1 || vector + 1 == dims.size(), "vectors run over the last outer range");
  std::string shares = width > 1 ? "" : writer.product(dims);
  std::vector<runtime::KernelCode::Factor> blocks;
  if (width > 1) {
    const std::vector<Dim> others(dims.begin(), dims.end() - 1);
    const Dim last = dims.back();
    if (!last.is_symbol()) {
      dims.back() = (last.value() + width - 1) / width;
      shares = writer.product(dims);
      blocks = grid(dims, threads);
    } else {
      shares = (others.empty() ? "" : writer.product(others) + "*") + writer.ceil_div(last, width);
      blocks = grid(dims, int64_t{threads} * width);
    }
  } else {
    blocks = grid(dims, threads);
  }
  writer.begin_entry(symbol, threads, 0, std::move(blocks), kMaxBlocks);
  const std::string_view type = writer.index_type();
  const char* cast = writer.wide() ? "(long long)" : "(int)";
  out.open("for ({0} share = {1}blockIdx.x * {2} + {1}threadIdx.x; share < {3}; share += {1}gridDim.x * {2}) {{", type,
           cast, threads, shares);
  if (width == 1) {
    writer.split_outer("share", kernel.outer.size());
    for (size_t pass = 0; pass < kernel.passes.size(); ++pass) write_serial_pass(writer, pass);
  } else {
    const Dim last = kernel.outer.back();
    const auto range = static_cast<uint32_t>(vector);
    std::string first = "share";
    if (kernel.outer.size() > 1) {
      const std::string per_row = writer.ceil_div(last, width);
      out.line("const {} above = share / {};", type, per_row);
      writer.split_outer("above", vector);
      first = fmt::format("(share % {})", per_row);
    }
    writer.ranges.resize(kernel.outer.size());
    writer.ranges[range] = fmt::format("i{}", range);
    out.line("const {} i{} = {}*{};", type, range, width, first);
    const bool whole = !last.is_symbol() && last.value() % width == 0;
    Neighbours neighbours{.range = range, .width = width};
    if (!whole) {
      neighbours.count = "count";
      out.line("const int count = {1} - i{0} < {2} ? (int)({1} - i{0}) : {2};", range, writer.number(last), width);
    }
    write_neighbours(writer, neighbours, 0);
  }
  out.close();
  writer.end_entry();
}

}  // namespace sinter::codegen::cuda
