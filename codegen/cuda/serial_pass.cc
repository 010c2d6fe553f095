#include "codegen/cuda/serial_pass.h"

#include "codegen/cuda/fold.h"

namespace sinter::codegen::cuda {

size_t open_inner_loops(PointWriter& writer, size_t pass) {
  const loops::Kernel& kernel = writer.kernel();
  const std::vector<Dim>& inner = kernel.passes[pass].inner;
  writer.ranges.resize(kernel.outer.size() + inner.size());
  for (size_t r = 0; r < inner.size(); ++r) {
    std::string& name = writer.ranges[kernel.outer.size() + r];
    name = fmt::format("j{}", kernel.outer.size() + r);
    writer.out.open("for ({0} {1} = 0; {1} < {2}; ++{1}) {{", writer.index_type(), name, writer.number(inner[r]));
  }
  return inner.size();
}

void write_serial_pass(PointWriter& writer, size_t pass) {
  const loops::Kernel& kernel = writer.kernel();
  const std::vector<Fold> folds = folds_of(writer, pass);
  for (const Fold& fold : folds) {
    invariant(fold.any_order() || fold.is_dot(), "sums of floats are shared by 16 threads");
    fold.declare(fmt::format("v{}", fold.value()));
  }
  const size_t depth = open_inner_loops(writer, pass);
  size_t next_fold = 0;
  uint32_t value = kernel.first_value(pass);
  for (const loops::Inst& inst : kernel.passes[pass].insts) {
    if (is_reduction(inst))
      folds[next_fold++].add(fmt::format("v{}", value));
    else if (inst.kind == loops::InstKind::kStore)
      writer.store(value, "");
    else if (inst.kind == loops::InstKind::kAccumulate)
      writer.accumulate(value, "");
    else
      writer.define(value);
    ++value;
  }
  for (size_t i = 0; i < depth; ++i) writer.out.close();
  for (const Fold& fold : folds) fold.finish(fmt::format("v{}", fold.value()));
}

void write_accumulations(PointWriter& writer, size_t pass) {
  const size_t depth = open_inner_loops(writer, pass);
  uint32_t value = writer.kernel().first_value(pass);
  for (const loops::Inst& inst : writer.kernel().passes[pass].insts) {
    if (inst.kind == loops::InstKind::kAccumulate)
      writer.accumulate(value, "");
    else if (!is_reduction(inst) && inst.kind != loops::InstKind::kStore)
      writer.define(value);
    ++value;
  }
  for (size_t i = 0; i < depth; ++i) writer.out.close();
}

}  // namespace sinter::codegen::cuda
