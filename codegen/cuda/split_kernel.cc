#include "codegen/cuda/skeletons.h"
namespace sinter::codegen::cuda {
void write_split_kernel(PointWriter&, const std::string&, std::vector<runtime::KernelCode::Factor>&) {}
}  // namespace sinter::codegen::cuda
