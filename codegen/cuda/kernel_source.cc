#include "codegen/cuda/kernel_source.h"

#include "codegen/cuda/skeletons.h"
#include "ir/loops/text.h"

namespace sinter::codegen::cuda {

using loops::Kernel;
using Mapping = loops::Schedule::Mapping;

KernelSource write_kernel(const Kernel& kernel, const std::string& symbol, const EmitOptions& options) {
  KernelSource source;
  PointWriter writer(kernel, source, options);
  writer.out.line("// {}: {}", kernel.name, loops::mapping_name(kernel.schedule.mapping));
  switch (kernel.schedule.mapping) {
    case Mapping::kCpu:
      throw InternalError(fmt::format("kernel @{} is scheduled for CUDA", kernel.name));
    case Mapping::kPoint:
      write_point_kernel(writer, symbol);
      break;
    case Mapping::kRow:
    case Mapping::kColumn:
    case Mapping::kBlock:
      write_group_kernel(writer, symbol);
      break;
    case Mapping::kSplit:
      write_split_kernel(writer, symbol, source.scratch);
      break;
    case Mapping::kTile:
      write_tile_kernel(writer, symbol);
      break;
  }
  source.text = writer.out.text();
  return source;
}

std::string program_text(std::span<const KernelSource> kernels) {
  Helpers all;
  for (const KernelSource& kernel : kernels)
    for (const auto& [name, text] : kernel.helpers.texts()) all.add(name, text);
  std::string program = "struct KernelStatus {\n  long long failed, index, extent;\n};\n";
  for (const auto& [name, text] : all.texts()) program += "\n" + text;
  for (const KernelSource& kernel : kernels) program += "\n" + kernel.text;
  return program;
}

}  // namespace sinter::codegen::cuda
