#include "codegen/cuda/skeletons.h"
namespace sinter::codegen::cuda {
void write_tile_kernel(PointWriter&, const std::string&) {}
}  // namespace sinter::codegen::cuda
